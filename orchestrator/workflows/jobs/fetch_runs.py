"""Bringing home runs that their host keeps and that were never pulled."""

from __future__ import annotations

import hashlib
import re
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from orchestrator import __version__
from orchestrator.errors import (
    HostUnfit,
    HostUnreachable,
    LinkLost,
    LocalFault,
    OrchestratorError,
    RunError,
    RunTaken,
)
from orchestrator.here import regular_file
from orchestrator.here.alone import Waits, alone
from orchestrator.here.local_fault import is_local, told
from orchestrator.launch.answer import ASK_ITS_OWN
from orchestrator.launch.base import COPIED, DAMAGED
from orchestrator.launch.choose import launcher
from orchestrator.store.runs.naming import is_id
from orchestrator.store.runs.run_store import CARD, END, REQUEST, RESULT, RunStore
from orchestrator.transport.base import Transport
from orchestrator.values.command import typed
from orchestrator.values.host import Host
from orchestrator.values.job import JobEnd
from orchestrator.values.privacy.redaction import discreet
from orchestrator.values.progress import Progress
from orchestrator.values.run import UNKNOWN, Run, RunCard
from orchestrator.workflows.jobs.remote_runs import Here, RemoteRun, chosen, place, remote_runs
from remote_payload.contract import codec
from remote_payload.contract.request import Request
from remote_payload.contract.result import Result

# For runs whose request does not tell its verb yet.
_VERBS = "check|bench|profile|ncu|deploy|prove|ceilings"
_STAMP = re.compile(rf"(\d{{8}}-\d{{6}})-.+?(?:-({_VERBS}))?(?:-\d+)?(?:-[0-9a-f]{{4}})?")
_OWNER = re.compile(r"[0-9a-f]{32}")
_VERB = re.compile(r"[a-z][a-z-]{0,30}")
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
            launcher(transport).pull(run.run_id, arriving, progress, (REQUEST,))
            _describe(arriving, run, run.end, transport.host)
            arriving.rename(runs.folder(run.run_id))
            return runs.load(runs.folder(run.run_id))
    folder = _folder(runs, run)
    followed = f"follows run {run.run_id}, or brings it home"
    with alone(folder, _waiting(progress, followed)):
        launcher(transport, runs.claim(folder)).pull(run.run_id, folder, progress)
        runs.record_end(folder, run.end)
        return runs.load(folder)


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
            _describe(arriving, run, None, host)
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
                if other.name != whose and _OWNER.fullmatch(other.name) and other.is_dir():
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
    if _OWNER.fullmatch(run.owner):
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


def _describe(folder: Path, run: RemoteRun, end: JobEnd | None, host: Host) -> None:
    """Write what `RunStore.create` would have written, the card last: it makes this a run."""
    request = _request(folder, run.run_id)
    (folder / REQUEST).unlink(missing_ok=True)  # it may be one that nobody can read
    if request is not None:
        # A job renamed by hand keeps the name it was asked for by, which its result repeats.
        if not is_id(request.run_id):
            request = replace(request, run_id=run.run_id)
        codec.write_atomic(folder / REQUEST, codec.dumps(request))
    if end is not None:
        codec.write_atomic(folder / END, codec.dumps(replace(end, message=discreet(end.message))))
    card = _card(run.run_id, host, request)
    owner = run.owner if _OWNER.fullmatch(run.owner) else ""
    codec.write_atomic(folder / CARD, codec.dumps(replace(card, owner=owner)))


def _request(folder: Path, run_id: str) -> Request | None:
    """What was asked: as the host was told, else as the run's own result repeats it; None without
    both."""
    with suppress(OSError, ValueError, RecursionError):
        return codec.loads(Request, regular_file.read_text(folder / REQUEST))
    with suppress(OSError, ValueError, RecursionError):
        asked = codec.loads(Result, regular_file.read_text(folder / RESULT)).request
        return asked if asked.run_id == run_id else None
    return None


def _card(run_id: str, host: Host, request: Request | None) -> RunCard:
    stamp = _STAMP.fullmatch(run_id)
    asked = request.verb if request else ""
    return RunCard(
        run_id=run_id,
        verb=asked if _VERB.fullmatch(asked) else (stamp and stamp[2]) or UNKNOWN,
        host=host.name,
        workspace=host.workspace,
        snapshot=request.snapshot if request else UNKNOWN,
        reproduce=UNKNOWN,
        created_at=_created_at(stamp[1]) if stamp else UNKNOWN,
        orchestrator_version=f"{UNKNOWN} (fetched by {__version__})",
    ).for_others()


def _created_at(stamp: str) -> str:
    try:
        return f"{datetime.strptime(stamp, '%Y%m%d-%H%M%S'):%Y-%m-%dT%H:%M:%SZ}"
    except ValueError:
        return UNKNOWN
