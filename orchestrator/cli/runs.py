"""runs: what is kept here."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from orchestrator.cli import console, options
from orchestrator.cli.session import Session
from orchestrator.errors import RunError
from orchestrator.model.run import Run


@click.group(invoke_without_command=True)
@options.json_option
@click.pass_context
def runs(ctx: click.Context, as_json: bool) -> None:
    """List, show and remove the runs kept here.

    \b
    Example:
      orchestrator runs
      orchestrator runs show latest
      orchestrator runs rm 20261122-1015
    """
    if ctx.invoked_subcommand is None:
        _list(ctx.obj, as_json)


def _list(session: Session, as_json: bool) -> None:
    rows = [_row(session, folder) for folder in session.runs.all()]
    if as_json:
        console.out_json(rows)
    for row in [] if as_json else rows:
        console.out(f"{row['run']:<44} {row['status']:<10} {row['reason']}".rstrip())
    if rows:
        console.next_step("orchestrator runs show latest")
    else:
        console.note(f"no runs under {session.runs.root}")
        console.next_step("orchestrator profile --host local")


def _row(session: Session, folder: Path) -> dict[str, str]:
    try:
        run = session.runs.load(folder)
    except RunError as exc:
        return {"run": folder.name, "status": "unreadable", "reason": exc.message}
    status, reason = _state(run)
    return {"run": folder.name, "status": status, "reason": reason.partition("\n")[0]}


def _state(run: Run) -> tuple[str, str]:
    if run.result is not None:
        return run.result.status.value, run.result.reason
    if run.end is not None:
        return "lost", run.end.words
    return "pending", f"bring it home: orchestrator attach {run.card.run_id}"


@runs.command()
@click.argument("run", default="latest")
@options.json_option
@click.pass_obj
def show(session: Session, run: str, as_json: bool) -> None:
    """Show one run: what was asked, how it went, which files it left.

    \b
    Example:
      orchestrator runs show latest --json
    """
    from remote_payload import codec

    folder = session.runs.resolve(run)
    stored = session.runs.load(folder)
    status, reason = _state(stored)
    files = sorted(str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file())
    if as_json:
        facts: dict[str, Any] = json.loads(codec.dumps(stored.card))
        result = json.loads(codec.dumps(stored.result)) if stored.result else None
        console.out_json({"card": facts, "status": status, "result": result, "files": files})
        return
    for key, value in (
        ("run", stored.card.run_id),
        ("command", stored.card.reproduce),
        ("host", stored.card.host),
        ("snapshot", stored.card.snapshot),
        ("started", stored.card.created_at),
        ("status", f"{status} {reason}".strip()),
        ("folder", str(folder)),
        *(("file", name) for name in files),
    ):
        console.out(f"{key:<9} {value}")
    console.next_step(f"orchestrator report {stored.card.run_id}")


@runs.command()
@click.argument("run", nargs=-1, required=True)
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.pass_obj
def rm(session: Session, run: tuple[str, ...], yes: bool) -> None:
    """Remove runs from this machine. What the host still keeps of them stays there.

    \b
    Example:
      orchestrator runs rm 20261122-101530-h100-bench --yes
    """
    folders = [session.runs.resolve(reference) for reference in run]
    for folder in folders:
        if yes or console.confirm(f"Remove {folder} with everything in it?"):
            session.runs.remove(folder)
            console.out(f"removed {folder.name}")
    console.next_step("orchestrator runs")
