"""runs: what is kept here, and what a host still keeps."""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from orchestrator.cli import what_next
from orchestrator.cli.given import options
from orchestrator.cli.screen import console, questions
from orchestrator.cli.session import Session
from orchestrator.cli.verb import Verb
from orchestrator.errors import RunError, UsageError
from orchestrator.values.command import about
from orchestrator.values.privacy.redaction import discreet
from orchestrator.values.run import Run
from remote_payload.contract import codec

if TYPE_CHECKING:
    from orchestrator.values.host import Host
    from orchestrator.workflows.jobs.remote_runs import RemoteRun

VERB = Verb("runs", "List, show, fetch and remove runs, here and on hosts.", 130)


@click.group(invoke_without_command=True)
@options.json_option
@options.host_options
@click.pass_context
def runs(ctx: click.Context, host: str | None, accept_new_host_key: bool, as_json: bool) -> None:
    """List, show, fetch and remove runs: those kept here, or with --host those kept there.

    \b
    Example:
      orchestrator runs
      orchestrator runs --host h100
      orchestrator runs show latest
      orchestrator runs rm 20261122-1015
    """
    if ctx.invoked_subcommand is not None:
        options.refuse_before_subcommand(ctx)
        return
    if host is None:
        _list(ctx.obj, as_json)
    else:
        _list_remote(ctx.obj, host, accept_new_host_key, as_json)


def _list_remote(session: Session, name: str, accept_new_host_key: bool, as_json: bool) -> None:
    from orchestrator.workflows.jobs.remote_runs import Here, missing, remote_runs

    host = session.host(name)
    with session.transport(host, accept_new_host_key) as transport:
        known = remote_runs(transport, session.runs, console.lines())
    if as_json:
        console.out_json([_remote_facts(run) for run in known], as_is=("run",))
    for run in () if as_json else known:
        other = "" if run.folder.name == run.run_id else f", in {run.folder.name}"
        console.out(f"{run.run_id:<44} {run.here.value + other:<24} {run.words}")
    if not known:
        console.note(f"{host.where} keeps no runs under {host.workspace}")
    absent = [*missing(known)]
    going_on = [run.folder for run in known if run.end is None and run.here is Here.STARTED]
    if absent:
        which = absent[0].run_id if len(absent) == 1 else "--all"
        console.next_step(what_next.command("runs", "fetch", which, "--host", host.name))
    elif going_on:
        console.next_step(_follow(session, going_on[-1], host))
    elif known:
        console.next_step("orchestrator runs show latest")
    else:
        console.next_step(what_next.command("profile", "--host", name))


def _follow(session: Session, folder: Path, host: Host) -> str:
    """attach, for a run started here that goes on at `host`; its card may be damaged by now."""
    option: tuple[str, ...] = ("--host", host.name)
    with suppress(RunError):
        option = session.runs.claim(folder).option(host.name)
    return what_next.command("attach", folder.name, *option)


def _remote_facts(run: RemoteRun) -> dict[str, str | int | None]:
    return {
        "run": run.run_id,
        "state": run.state,
        "words": run.words,
        "exit_status": run.end.exit_status if run.end else None,
        "here": run.here.value,
    }


@runs.command()
@click.argument("run", required=False)
@click.option("--all", "every", is_flag=True, help="Every ended run that is not whole here.")
@options.host_options
@click.pass_obj
def fetch(
    session: Session, run: str | None, every: bool, host: str | None, accept_new_host_key: bool
) -> None:
    """Bring home runs that were never pulled, also ones started elsewhere.

    \b
    Example:
      orchestrator runs fetch 20261122-1015 --host h100
      orchestrator runs fetch --all --host h100
    """
    from orchestrator.workflows.jobs.fetch_runs import fetch_each
    from orchestrator.workflows.jobs.remote_runs import chosen, damaged, missing, remote_runs
    from orchestrator.workflows.publishing.publish import publish

    if (run is None) is not every:
        raise UsageError("give either one run or --all", hint="orchestrator runs --host NAME")
    where = session.host(host)
    with console.progress() as progress, session.transport(where, accept_new_host_key) as transport:
        known = remote_runs(transport, session.runs, progress)
        all_there = [*missing(known), *damaged(known)]
        wanted = all_there if run is None else [chosen(known, run, where)]
        fetch_each(
            transport,
            session.runs,
            wanted,
            progress,
            lambda folder, stored: console.out(
                str(publish(stored, folder, runs=session.runs_folder).path)
            ),
        )
    if every:
        _say_what_stays(where, known, here_already=not wanted)
    shown = ("show", wanted[-1].folder.name) if wanted else ()
    console.next_step(what_next.command("runs", *shown))


def _say_what_stays(where: Host, known: tuple[RemoteRun, ...], here_already: bool) -> None:
    """After a fetch of all: which runs were not even tried, and why."""
    from orchestrator.workflows.jobs.remote_runs import in_anothers_place

    others = in_anothers_place(known)
    if here_already:
        which = "other ended run" if others else "ended run"
        console.note(f"every {which} of {where.name} is here already")
    if others:
        console.note(
            f"not fetched, since another run here has the name: {', '.join(others)}; "
            "with --runs FOLDER they can be kept elsewhere"
        )


def _list(session: Session, as_json: bool) -> None:
    rows = [_row(session, folder) for folder in session.runs.all()]
    if as_json:
        console.out_json(rows, as_is=("run",))
    for row in [] if as_json else rows:
        console.out(f"{row['run']:<44} {row['status']:<10} {row['reason']}".rstrip())
    if rows and rows[-1]["status"] in ("pending", "changed"):
        console.next_step(about("attach", rows[-1]["run"]))
    elif rows:
        console.next_step("orchestrator runs show latest")
    else:
        console.note(f"no runs under {session.runs.root}")
        console.next_step("orchestrator profile")


def _row(session: Session, folder: Path) -> dict[str, str]:
    """changed: what of the run is not what came home, as far as a list looks."""
    try:
        run = session.runs.load(folder)
    except RunError as exc:
        # The row names the run already; what is beside it, nobody has to know.
        reason = discreet(exc.message.replace(f"{folder}/", "").partition("\n")[0])
        return {"run": folder.name, "status": "damaged", "reason": reason, "changed": ""}
    status, reason = _state(run)
    changed = "; ".join(f"{one.path} {one.how}" for one in run.changed)
    told = (reason or changed).partition("\n")[0]
    return {"run": folder.name, "status": status, "reason": discreet(told), "changed": changed}


def _state(run: Run) -> tuple[str, str]:
    if run.altered and (run.result or run.end):
        words = "; ".join(f"{one.path} {one.how}" for one in run.altered)
        return "changed", f"{words}; bring it home again: {what_next.attach(run)}"
    if run.result is not None:
        return run.result.status.value, run.result.reason
    if run.end is not None:
        return "lost", run.end.words
    return "pending", f"bring it home: {what_next.attach(run)}"


@runs.command()
@click.argument("run", default="latest")
@options.json_option
@click.pass_obj
def show(session: Session, run: str, as_json: bool) -> None:
    """Show one run: what was asked, how it went, which files it left, and which of them are not
    what came home.

    \b
    Example:
      orchestrator runs show latest --json
      orchestrator runs show latest:bench~1
    """
    from orchestrator.store.runs.binding import examined

    folder = session.runs.resolve(run)
    stored = examined(session.runs.load(folder), folder)
    if stored.price_problem:
        console.note(f"its cost is not known: {stored.price_problem}")
    status, reason = _state(stored)
    files = sorted(str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file())
    if as_json:
        facts: dict[str, Any] = json.loads(codec.dumps(stored.card))
        result = json.loads(codec.dumps(stored.result)) if stored.result else None
        console.out_json(
            {
                "card": facts,
                "status": status,
                "result": result,
                "price": _price_facts(stored),
                "files": files,
                "bound": stored.is_bound,
                "changed": [{"path": one.path, "how": one.how} for one in stored.changed],
            }
        )
        return
    for key, value in (
        ("run", stored.card.run_id),
        ("verb", stored.card.verb),
        ("command", stored.card.reproduce),
        ("host", stored.card.host),
        ("snapshot", stored.card.snapshot),
        ("started", stored.card.created_at),
        ("status", discreet(f"{status} {reason}".strip())),
        ("cost", stored.price.words if stored.price else "not known"),
        ("folder", str(folder)),
        *(("file", name) for name in files),
        *(("changed", f"{one.path} {one.how}") for one in stored.changed),
    ):
        console.out(f"{key:<9} {value}")
    console.next_step(what_next.after(stored))


def _price_facts(run: Run) -> dict[str, Any] | None:
    """The price as it is kept, with its sum; None where nobody told one."""
    if run.price is None:
        return None
    kept: dict[str, Any] = json.loads(codec.dumps(run.price))
    return {**kept, "usd": run.price.usd, "commands": run.price.commands}


@runs.command()
@click.argument("run", nargs=-1, required=True)
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.pass_obj
def rm(session: Session, run: tuple[str, ...], yes: bool) -> None:
    """Remove runs from this machine. What the host still keeps of them stays there.

    Each is named by its id, a unique prefix of that, `latest`, `latest~1` or `latest:bench`; never
    by a path.

    \b
    Example:
      orchestrator runs rm 20261122-101530-h100-bench --yes
    """
    folders = [session.runs.named(reference) for reference in run]
    for folder in dict.fromkeys(folders):
        if yes or questions.confirm(f"Remove {folder} with everything in it?"):
            session.runs.remove(folder)
            console.out(f"removed {folder.name}")
        else:
            console.note(f"kept {folder.name}")
    console.next_step("orchestrator runs")
