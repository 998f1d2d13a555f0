"""Runs as their host keeps them: which there are."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum

from orchestrator.errors import (
    HostUnfit,
    RunError,
)
from orchestrator.launch.answer import DAMAGED, ListedJob
from orchestrator.launch.detached import DetachedLauncher
from orchestrator.model.host import Host
from orchestrator.model.job import Ending, Heartbeat, JobEnd
from orchestrator.model.progress import Progress
from orchestrator.store.naming import LATEST, is_id, require_id
from orchestrator.store.runs import CARD, RunStore
from orchestrator.transport.base import Transport

_SHOWN = 5


class Here(str, Enum):
    """How much of a run is on this machine."""

    WHOLE = "here"
    RENAMED = "here, in a folder of another name"
    STARTED = "started here, not pulled"
    NOTHING = "only there"
    ANOTHERS = "only there; here is another run of this name"


_WHOLE = (Here.WHOLE, Here.RENAMED)


@dataclass(frozen=True)
class RemoteRun:
    """One run on a host. end: how it ended; None while it goes on, and then beat says how.

    owner: the mark of whoever asked for it, empty where it bears none.
    """

    run_id: str
    end: JobEnd | None
    here: Here
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
        waits = self.beat.waiting_for if self.state == "queued" else None
        return f"waits for {waits} to leave the device" if waits else f"is {self.state}"


def remote_runs(
    transport: Transport, runs: RunStore, progress: Progress | None = None
) -> tuple[RemoteRun, ...]:
    """Every run that the host still keeps, oldest first; progress hears what else lies there.

    HostUnfit: all that the host names could not be runs of ours.
    """
    jobs, others = DetachedLauncher(transport).look_at_jobs()
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

    def place(job: ListedJob) -> Here:
        found = here(runs, job.run_id, job.owner)
        is_renamed = found is Here.NOTHING and (job.run_id, job.owner) in renamed
        return Here.RENAMED if is_renamed else found

    return tuple(RemoteRun(job.run_id, job.end, place(job), job.beat, job.owner) for job in known)


def missing(known: tuple[RemoteRun, ...]) -> Iterator[RemoteRun]:
    """The ended runs that are not whole here, and can be: the name of none is another's here."""
    return (run for run in known if run.end and run.here in (Here.STARTED, Here.NOTHING))


def damaged(known: tuple[RemoteRun, ...]) -> Iterator[RemoteRun]:
    """The runs of which their host tells what makes no sense, not whole here."""
    return (run for run in known if run.state == DAMAGED and run.here not in _WHOLE)


def in_anothers_place(known: tuple[RemoteRun, ...]) -> tuple[str, ...]:
    """The ids of ended runs that cannot be fetched, since here is another run of that name."""
    return tuple(run.run_id for run in known if run.end and run.here is Here.ANOTHERS)


def chosen(known: tuple[RemoteRun, ...], reference: str, host: Host) -> RemoteRun:
    """The run given by its id or a unique prefix; RunError if it is none, or the host has none or
    several that it fits."""
    require_id(reference)
    # `latest` is no beginning either: of whatever begins with it, nobody has meant that one.
    fits = [run for run in known if reference != LATEST and run.run_id.startswith(reference)]
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


def here(runs: RunStore, run_id: str, owner: str) -> Here:
    """How much is kept here of the job that goes by this name and mark on its host."""
    folder = runs.folder(run_id)
    if not (folder / CARD).is_file():
        return Here.NOTHING
    with suppress(RunError):
        ours = runs.claim(folder).owner
        if ours and ours != owner:
            return Here.ANOTHERS
    return Here.WHOLE if runs.has_ended(folder) else Here.STARTED
