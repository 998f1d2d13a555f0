"""The launcher protocol: how a job is started, followed, ended and brought home."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from orchestrator.values.job import Heartbeat, JobEnd, JobSpec
from orchestrator.values.progress import Progress

LogSink = Callable[[bytes], None]
BeatSink = Callable[[Heartbeat], None]


class Launcher(Protocol):
    """Jobs on one host. Every call may raise HostUnreachable (LinkLost while in use), and RunTaken
    where the host's job of this name is another's."""

    def submit(self, spec: JobSpec, request: str) -> None:
        """Start the job detached; asking again for the same run id changes nothing."""

    def follow(self, run_id: str, offset: int, on_log: LogSink, on_beat: BeatSink) -> JobEnd:
        """Pass on the log from byte `offset` until the job ends. RunError: no such job there."""

    def cancel(self, run_id: str) -> JobEnd:
        """End the job and everything it started; the way it ended, if it had already.

        RunError: nothing of such a job is there. HostUnfit: some of it outlives every signal.
        """

    def pull(self, run_id: str, into: Path, progress: Progress) -> None:
        """Bring result, log and artifacts, each verified by digest, whole or not at all."""
