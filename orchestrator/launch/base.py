"""The launcher protocol: how jobs are started, followed, ended, told of and brought home."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from orchestrator.values.job import Heartbeat, JobEnd, JobSpec
from orchestrator.values.progress import Progress
from orchestrator.values.run import BoundFile

LogSink = Callable[[bytes], None]
BeatSink = Callable[[Heartbeat], None]
# In the place of a job's state, where its host tells what makes no sense.
DAMAGED = "damaged"
# The host's word for a folder that is a copy of the job's own, made while it ran.
COPIED = "copied"


@dataclass(frozen=True)
class ListedJob:
    """One job of a host. end: how it ended; None while it goes on, and then beat says how.

    owner: the mark of whoever asked for it, empty where it bears none.
    """

    run_id: str
    end: JobEnd | None
    beat: Heartbeat
    owner: str = ""


class Launcher(Protocol):
    """Jobs on one host. Every call may raise HostUnreachable (LinkLost while in use), and RunTaken
    where the host's job of this name is another's."""

    def submit(
        self, spec: JobSpec, request: str, asking: Callable[[], object] = lambda: None
    ) -> None:
        """Start the job detached; asking again for the same run id changes nothing.

        asking: called before the job is asked for; until then the host has not heard of it.
        """

    def follow(self, run_id: str, offset: int, on_log: LogSink, on_beat: BeatSink) -> JobEnd:
        """Pass on the log from byte `offset` until the job ends. RunError: no such job there."""

    def cancel(self, run_id: str) -> JobEnd:
        """End the job and everything it started; the way it ended, if it had already.

        RunError: nothing of such a job is there. HostUnfit: some of it outlives every signal.
        """

    def list_jobs(self) -> tuple[ListedJob, ...]:
        """Every job the host still knows, oldest first."""

    def look_at_jobs(self) -> tuple[tuple[ListedJob, ...], tuple[str, ...]]:
        """list_jobs(), and the names of what else lies among them and is no job."""

    def log_bytes(self, run_id: str) -> int:
        """How long the job's log is by now; 0 before it began."""

    def asked(self, run_id: str) -> str:
        """The request of a job as the host keeps it; empty if it keeps none."""

    def pull(
        self, run_id: str, into: Path, progress: Progress, also: tuple[str, ...] = ()
    ) -> tuple[BoundFile, ...]:
        """Bring result, log and artifacts, each verified by digest, whole or not at all; what is
        here of them now, as their host has it.

        also: files of ours that the host is to give back too, such as request.json.
        """
