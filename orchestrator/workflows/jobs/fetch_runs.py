"""Bringing home runs that their host keeps and that were never pulled."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from pathlib import Path

from orchestrator.errors import (
    HostUnfit,
    HostUnreachable,
    LinkLost,
    LocalFault,
    OrchestratorError,
    RunError,
    RunTaken,
)
from orchestrator.here.alone import Waits, alone
from orchestrator.here.local_fault import is_local, told
from orchestrator.launch.answer import ASK_ITS_OWN
from orchestrator.launch.base import COPIED, DAMAGED
from orchestrator.launch.choose import launcher
from orchestrator.store.runs.run_store import REQUEST, RunStore
from orchestrator.transport.base import Transport
from orchestrator.values.command import typed
from orchestrator.values.host import Host
from orchestrator.values.progress import Progress
from orchestrator.values.run import Run
from orchestrator.workflows.jobs.described import OWNER, describe
from orchestrator.workflows.jobs.remote_runs import Here, RemoteRun, chosen, place, remote_runs
from orchestrator.workflows.publishing.summary import summarise

_SHOWN = 5


def fetch(transport: Transport, runs: RunStore, run: RemoteRun, progress: Progress) -> Run:
    """Bring an ended run home, whole or resumable, and return it as stored.

    A run that was not started from here gets a card from what the host knows; what nobody knows
    says "unknown". RunError: it still goes on; RunTaken: its name is that of another run here;
    HostUnfit: nobody can tell whether it has ended.
    """
    _require_sense(run, transport.host)
    if run.end is None:
        raise RunError(
            f"run {run.run_id} still goes on at {transport.host.where}",
            hint="Fetch it when it has ended; meanwhile: "
            f"orchestrator logs {run.run_id} --host {transport.host.name} -f",
        )
    with _arriving(runs, run, transport.host, progress) as arriving:
        if arriving:
            came = launcher(transport).pull(run.run_id, arriving, progress, (REQUEST,))
            describe(arriving, run, run.end, transport.host, came)
            arriving.rename(runs.folder(run.run_id))
            return _stored(runs, runs.folder(run.run_id))
    folder = _folder(runs, run)
    followed = f"follows run {run.run_id}, or brings it home"
    with alone(folder, _waiting(progress, followed)):
        came = launcher(transport, runs.claim(folder)).pull(run.run_id, folder, progress)
        runs.record_end(folder, run.end, came)
        return _stored(runs, folder)


def _stored(runs: RunStore, folder: Path) -> Run:
    """A run that is home; its card says what it came to."""
    run = runs.load(folder)
    summarise(runs, run, folder)
    return run


def _require_sense(run: RemoteRun, host: Host) -> None:
    """HostUnfit where nobody there can tell whether the run has ended."""
    hints = {
        DAMAGED: f"Its files lie in jobs/{run.run_id} of the host's workspace; status.json or "
        "end.json there is not as our supervisor writes it.",
        COPIED: ASK_ITS_OWN,
    }
    if run.state in hints:
        raise HostUnfit(f"run {run.run_id} {run.words} ({host.where})", hint=hints[run.state])


def fetch_each(
    transport: Transport,
    runs: RunStore,
    wanted: Sequence[RemoteRun],
    progress: Progress,
    use: Callable[[Path, Run], object],
) -> None:
    """Bring all of them home, each given to `use`; one that fails keeps none of the others away.

    In the end the error of the first that failed, with the names of all; where the host cannot be
    reached any more, those not tried are among them.
    """
    failed: dict[str, OrchestratorError] = {}
    for number, run in enumerate(wanted):
        try:
            with _safe_there(runs, run.run_id, transport.host, "runs", "fetch"):
                stored = fetch(transport, runs, run, progress)
                use(_folder(runs, run), stored)
            continue
        except OrchestratorError as error:
            problem = error
        failed[run.run_id] = problem
        progress.say(f"{run.run_id} is not fetched: {problem.message}")
        if isinstance(problem, LinkLost):
            transport.close()  # the next one gets a new one
        elif isinstance(problem, HostUnreachable):
            failed.update((later.run_id, problem) for later in wanted[number + 1 :])
            break
    if failed:
        raise _not_fetched(failed, len(wanted), transport.host)


@contextmanager
def _safe_there(runs: RunStore, run_id: str, host: Host, *verb: str) -> Iterator[None]:
    """LocalFault for what this machine refuses, with the command that tries it again."""
    try:
        yield
    except OSError as error:
        if not is_local(error):
            raise
        fault = told(error, f"cannot write under {runs.root}")
        again = typed("orchestrator", *verb, run_id, "--host", host.name)
        hint = f"{fault.hint} The job is safe on its host. Then: {again}"
        raise LocalFault(fault.message, hint=hint.strip()) from error


def _not_fetched(failed: dict[str, OrchestratorError], of: int, host: Host) -> OrchestratorError:
    names, first = list(failed), next(iter(failed.values()))
    if of == 1:
        return first
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return type(first)(
        f"{len(names)} of {of} runs are not fetched: {', '.join(names[:_SHOWN])}{more}; "
        f"the first: {first.message}",
        hint=first.hint or f"Try one alone: orchestrator runs fetch {names[0]} --host {host.name}",
    )


def adopt(transport: Transport, runs: RunStore, reference: str, progress: Progress) -> Path:
    """Make the folder of a run that is not kept here from what its host knows; the host may still
    be at it. `bring_home` does the rest. RunError as in `chosen`, RunTaken and HostUnfit as
    in `fetch`."""
    host = transport.host
    run = chosen(remote_runs(transport, runs), reference, host)
    _require_sense(run, host)
    with (
        _safe_there(runs, run.run_id, host, "attach"),
        _arriving(runs, run, host, progress) as arriving,
    ):
        if arriving:
            asked = launcher(transport).asked(run.run_id)
            (arriving / REQUEST).write_text(asked, "utf-8", "replace")
            describe(arriving, run, None, host)
            arriving.rename(runs.folder(run.run_id))
    return _folder(runs, run)


def _folder(runs: RunStore, run: RemoteRun) -> Path:
    """Where a run is by now."""
    return place(runs, run.run_id, run.owner, run.folder)[1]


@contextmanager
def _arriving(
    runs: RunStore, run: RemoteRun, host: Host, progress: Progress
) -> Iterator[Path | None]:
    """Where a run takes shape, for this terminal alone; None where it is here, also where another
    terminal has just brought it.

    No run can have its name. What is left in it of another owner's run of this name is removed:
    of two halves nobody should make one.
    """
    if _is_here(runs, run, host):
        yield None
        return
    outer, whose = runs.root / f".arriving-{run.run_id}", _whose(run, host)
    brings = f"brings run {run.run_id} home"
    with alone(_no_link(outer), _waiting(progress, brings), make=True):
        try:
            if _is_here(runs, run, host):
                yield None
                return
            for other in map(_no_link, outer.iterdir()):
                if other.name != whose and OWNER.fullmatch(other.name) and other.is_dir():
                    shutil.rmtree(other)
            (outer / whose).mkdir(exist_ok=True)
            for kept in (outer / whose).iterdir():
                _no_link(kept)
            yield outer / whose
        finally:
            for folder in (outer / whose, outer):
                with suppress(OSError):  # half a run stays, to be resumed
                    folder.rmdir()


def _no_link(place: Path) -> Path:
    """RunError for a link where a run takes shape: what comes would land wherever it leads."""
    if place.is_symlink():
        raise RunError(
            f"{place} is a link, and nothing of a run is written through one",
            hint="Move it away, then run the same command again.",
        )
    return place


def _waiting(progress: Progress, does: str) -> Waits:
    def says() -> AbstractContextManager[None]:
        progress.say(f"another terminal {does}; waiting")
        return nullcontext()

    return says


def _whose(run: RemoteRun, host: Host) -> str:
    """The owner's mark; of a job that bears none, what stands for where it is."""
    if OWNER.fullmatch(run.owner):
        return run.owner
    return hashlib.sha256(f"{host.name}\0{host.workspace}".encode()).hexdigest()[:32]


def _is_here(runs: RunStore, run: RemoteRun, host: Host) -> bool:
    """Whether any of the run is here by now; RunError where something else has its place."""
    now, folder = place(runs, run.run_id, run.owner, run.folder)
    if now is Here.ANOTHERS:
        raise RunTaken(
            f"{folder} is another run than the host's of this name",
            hint="Keep that one elsewhere: orchestrator --runs FOLDER runs fetch "
            f"{run.run_id} --host {host.name}",
        )
    if folder.is_symlink() or (now is Here.NOTHING and _holds_something(folder)):
        raise RunError(
            f"{folder} is no folder of a run, and in the way of one",
            hint="Move it away, then run the same command again.",
        )
    return now is not Here.NOTHING


def _holds_something(folder: Path) -> bool:
    return folder.exists() and not (folder.is_dir() and not any(folder.iterdir()))
