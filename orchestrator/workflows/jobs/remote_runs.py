"""Runs as their host keeps them: which there are."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from orchestrator.errors import HostUnfit, RunError
from orchestrator.launch.base import COPIED, DAMAGED, ListedJob
from orchestrator.launch.choose import launcher
from orchestrator.store.runs.naming import (
    Latest,
    is_id,
    latest,
    picked,
    require_id,
    verb_in,
)
from orchestrator.store.runs.run_store import CARD, RunStore
from orchestrator.transport.base import Transport
from orchestrator.values.host import Host
from orchestrator.values.job import Ending, Heartbeat, JobEnd
from orchestrator.values.progress import Progress

_SHOWN = 5


class Here(str, Enum):
    """How much of a run is on this machine."""

    WHOLE = "here"
    STARTED = "started here, not pulled"
    NOTHING = "only there"
    ANOTHERS = "only there; here is another run of this name"


@dataclass(frozen=True)
class RemoteRun:
    """One run on a host. end: how it ended; None while it goes on, and then beat says how.

    folder: where it is here, or would be. owner: the mark of whoever asked for it, empty where it
    bears none.
    """

    run_id: str
    end: JobEnd | None
    here: Here
    folder: Path
    beat: Heartbeat
    owner: str = ""

    @property
    def state(self) -> str:
        """One word for scripts: starting, queued, running, ended, or why it broke off."""
        if self.end is not None:
            return "ended" if self.end.why is Ending.EXIT else self.end.why.value
        return self.beat.state

    @property
    def words(self) -> str:
        """The same for people."""
        if self.end is not None:
            return self.end.words
        if self.state == DAMAGED:
            return "is damaged: what its host tells of it makes no sense"
        if self.state == COPIED:
            return "is a copy, made while it ran; how it is cannot be told here"
        waits = self.beat.waiting_for if self.state == "queued" else None
        return f"waits for {waits} to leave the device" if waits else f"is {self.state}"


def remote_runs(
    transport: Transport, runs: RunStore, progress: Progress | None = None
) -> tuple[RemoteRun, ...]:
    """Every run that the host still keeps, oldest first; progress hears what else lies there.

    HostUnfit: all that the host names could not be runs of ours.
    """
    jobs, others = launcher(transport).look_at_jobs()
    known = [job for job in jobs if is_id(job.run_id)]
    strange = [job.run_id for job in jobs if not is_id(job.run_id)]
    if strange and not known:
        raise HostUnfit(
            f"{transport.host.where} names a run that is not ours: {strange[0]!r}",
            hint="Remove it from jobs/ in the host's workspace.",
        )
    if progress and (strange or others):
        names = [repr(name) for name in (*strange, *others)]
        more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
        progress.say(
            f"no run of ours, and passed over in jobs/ of {transport.host.where}: "
            f"{', '.join(names[:_SHOWN])}{more}"
        )
    renamed = runs.renamed()

    def run(job: ListedJob) -> RemoteRun:
        other = renamed.get((job.run_id, job.owner), runs.folder(job.run_id))
        here, folder = place(runs, job.run_id, job.owner, other)
        return RemoteRun(job.run_id, job.end, here, folder, job.beat, job.owner)

    return tuple(map(run, known))


def missing(known: tuple[RemoteRun, ...]) -> Iterator[RemoteRun]:
    """The ended runs that are not whole here, and can be: the name of none is another's here."""
    return (run for run in known if run.end and run.here in (Here.STARTED, Here.NOTHING))


def damaged(known: tuple[RemoteRun, ...]) -> Iterator[RemoteRun]:
    """The runs of which their host tells what makes no sense, not whole here."""
    return (run for run in known if run.state == DAMAGED and run.here is not Here.WHOLE)


def in_anothers_place(known: tuple[RemoteRun, ...]) -> tuple[str, ...]:
    """The ids of ended runs that cannot be fetched, since here is another run of that name."""
    return tuple(run.run_id for run in known if run.end and run.here is Here.ANOTHERS)


def chosen(known: tuple[RemoteRun, ...], reference: str, host: Host) -> RemoteRun:
    """The run given by its id or a unique prefix; RunError if it is none, or the host has none or
    several that it fits."""
    if latest(reference) is not None:
        # No beginning of an id either: of whatever begins with it, nobody has meant that one.
        known = ()
    else:
        require_id(reference)
    fits = [run for run in known if run.run_id.startswith(reference)]
    exact = [run for run in fits if run.run_id == reference]
    if len(exact or fits) == 1:
        return (exact or fits)[0]
    if fits:
        names = ", ".join(run.run_id for run in fits[:5])
        raise RunError(
            f"{reference!r} fits {len(fits)} runs at {host.where}: {names}",
            hint="Give more of the run id.",
        )
    raise RunError(
        f"{host.where} keeps no run {reference!r}",
        hint=f"List them: orchestrator runs --host {host.name}",
    )


def latest_of(known: tuple[RemoteRun, ...], wanted: Latest, host: Host) -> RemoteRun:
    """The host's own latest, or one before it; of a verb, as the names say it. RunError: it keeps
    not so many."""
    by_name = {run.run_id: run for run in known}
    if not by_name:
        raise RunError(f"{host.where} keeps no runs", hint="orchestrator runs --host NAME")
    if wanted.host not in ("", host.name):
        raise RunError(
            f"{wanted} is of {wanted.host}, and {host.where} was asked",
            hint="Give the one or the other.",
        )
    return by_name[picked(wanted, [*by_name], verb_in, host.where)]


def place(runs: RunStore, run_id: str, owner: str, other: Path) -> tuple[Here, Path]:
    """How much is kept here of the job that goes by this name and mark on its host, and where.

    other: the folder whose card says that it is this run, if not that of its name.
    """
    folder, otherwise = runs.folder(run_id), Here.NOTHING
    if (folder / CARD).is_file():
        if not _is_anothers(runs, folder, owner):
            return _how_much(runs, folder), folder
        otherwise = Here.ANOTHERS
    if other != folder and (other / CARD).is_file():
        return _how_much(runs, other), other
    return otherwise, folder


def _is_anothers(runs: RunStore, folder: Path, owner: str) -> bool:
    with suppress(RunError):
        return runs.claim(folder).owner not in ("", owner)
    return False


def _how_much(runs: RunStore, folder: Path) -> Here:
    return Here.WHOLE if runs.has_ended(folder) else Here.STARTED
