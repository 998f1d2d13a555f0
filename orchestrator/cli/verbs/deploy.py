"""deploy: the sources to a host, then the build there."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from orchestrator.cli.given import options
from orchestrator.cli.given.tags import tag_option
from orchestrator.cli.screen import console
from orchestrator.cli.session import Session
from orchestrator.cli.verb import Verb
from orchestrator.errors import ExitCode

if TYPE_CHECKING:
    from orchestrator.transport.base import Transport
    from orchestrator.values.host import Host
    from orchestrator.values.progress import Progress
    from orchestrator.values.snapshot import Deployed, Scan
    from orchestrator.workflows.build import Built
    from orchestrator.workflows.profile import Order

VERB = Verb("deploy", "Sync the sources to a host and build them there.", 30)


@click.command()
@options.host_options
@options.arch_option
@options.nvcc_flag_option
@click.option("--build/--no-build", default=True, help="Build csrc/ there after the sync.")
@tag_option
@options.dry_run_option
@options.json_option
@click.pass_obj
def deploy(
    session: Session,
    host: str | None,
    accept_new_host_key: bool,
    arch: tuple[str, ...] | None,
    nvcc_flags: tuple[str, ...],
    build: bool,
    tags: tuple[str, ...],
    dry_run: bool,
    as_json: bool,
) -> int:
    """Sync csrc/ and remote_payload/ to a host, then build the kernel there.

    Only what the host lacks is sent; an earlier state comes back without sending anything.
    Nothing is sent of .git, of ignored files, of build output, and of anything that looks like
    a secret.

    \b
    Example:
      orchestrator deploy --host h100
      orchestrator deploy --host h100 --dry-run
    """
    from orchestrator.sync.deploy import deploy_from

    if arch and not build:
        raise click.UsageError("--arch says what to build for, and --no-build builds nothing")
    if tags and not build:
        raise click.UsageError("--tag names a run, and --no-build makes none")
    if nvcc_flags and not build:
        raise click.UsageError("--nvcc-flag says how to build, and --no-build builds nothing")
    where = session.host(host)
    order = _order(session, arch, nvcc_flags, tags) if build else None
    if dry_run:
        return _dry_run(session, where, order, as_json)
    with session.transport(where, accept_new_host_key) as transport, console.progress() as progress:
        deployed = deploy_from(session.root, transport, progress=progress)
        built = _build(session, transport, deployed, order, progress) if order else None
    if as_json:
        console.out_json(_facts(deployed, built), as_is=("run",))
    else:
        console.out(_synced(deployed, where))
        _tell(built.lines if built else ())
    if built and not built.ok:
        from orchestrator.cli import what_next

        console.next_step(what_next.after(built.run))
        unfit = built.run.result is not None and built.run.result.unfit
        return ExitCode.UNFIT if unfit else ExitCode.GATE_FAILED
    if built and arch and not built.compiled:
        wanted = ", ".join(arch)
        console.error(f"nothing decided: {wanted} was asked for and nothing was compiled", "")
        console.next_step(f"orchestrator doctor {where.name}")
        return ExitCode.UNDECIDED
    console.next_step(f"orchestrator profile --host {where.name}")
    return ExitCode.OK


def _build(
    session: Session,
    transport: Transport,
    deployed: Deployed,
    order: Order,
    progress: Progress,
) -> Built:
    from orchestrator.workflows.build import build
    from orchestrator.workflows.jobs.errand import Errand

    errand = Errand(transport, session.runs, progress, show_log=session.debug)
    return build(errand, order, deployed.digest)


def _order(
    session: Session,
    arch: tuple[str, ...] | None,
    nvcc_flags: tuple[str, ...],
    tags: tuple[str, ...],
) -> Order:
    from orchestrator.workflows.plan import Wish, plan
    from orchestrator.workflows.profile import Order
    from remote_payload.contract.words import Stage

    wish = Wish(stages=(Stage.BUILD,), arch=arch or (), nvcc_flags=nvcc_flags)
    return Order(session.root, "deploy", session.typed, plan(wish, session.root), tags)


def _dry_run(session: Session, where: Host, order: Order | None, as_json: bool) -> int:
    """What is sent, file by file, then the commands. order: of the build that follows, if any."""
    from orchestrator.sync import sources
    from orchestrator.sync.inputs import require_inputs
    from orchestrator.workflows.profile import dry_job, dry_sync

    scan = require_inputs(sources.scan(session.root))
    if not as_json:
        _list_files(scan)
    job = dry_job(order, scan, where) if order else ()
    return console.dry_run((dry_sync(scan, where), *job), as_json, session.debug)


def _list_files(scan: Scan) -> None:
    for entry in scan.snapshot.entries:
        console.out(f"send  {entry.size_bytes:>9,}  {entry.path!r}"[: 18 + 400])
    for skipped in scan.skipped:
        console.out(f"skip  {'':>9}  {skipped.path!r} {skipped.reason}")
    console.out("")


def _synced(deployed: Deployed, where: Host) -> str:
    what = "nothing to send"
    if not deployed.already_there:
        files = "file" if deployed.sent_files == 1 else "files"
        what = f"sent {deployed.sent_files} {files}, {deployed.sent_bytes:,} bytes"
        what += f", {deployed.deleted} deleted" if deployed.deleted else ""
    return (
        f"{where.name}: {what} ({deployed.total_files} files in snapshot "
        f"{deployed.digest[:12]}, {deployed.seconds:.2f} s)"
    )


def _tell(lines: tuple[str, ...]) -> None:
    if lines:
        from orchestrator.values.privacy.redaction import discreet
        from orchestrator.values.text import told_apart

        for line in lines:
            console.out(told_apart(discreet(line)))


def _facts(deployed: Deployed, built: Built | None) -> dict[str, object]:
    from remote_payload.contract import codec

    return {
        "snapshot": deployed.digest,
        "files": deployed.total_files,
        "sent_files": deployed.sent_files,
        "sent_bytes": deployed.sent_bytes,
        "deleted": deployed.deleted,
        "seconds": deployed.seconds,
        "build": codec.encode(built.run.result.build) if built and built.run.result else None,
        "run": built.run.card.run_id if built else None,
    }
