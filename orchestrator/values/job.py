"""A job: one run of the payload on a host, and how it ended there."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

OUTPUT_LIMIT_BYTES = 256 << 20


@dataclass(frozen=True)
class JobSpec:
    """What the runner needs to know; the request itself travels beside it.

    time_limit_s and output_limit_bytes are enforced on the host.
    """

    run_id: str
    snapshot: str
    python: str
    env: tuple[tuple[str, str], ...]
    time_limit_s: float
    output_limit_bytes: int = OUTPUT_LIMIT_BYTES


class Ending(str, Enum):
    """Why a job is over, in the host's words."""

    EXIT = "exit"
    CANCELLED = "cancelled"
    TIMEOUT = "timeout"
    OUTPUT_LIMIT = "output-limit"
    SPAWN = "spawn"
    NEVER_STARTED = "never-started"
    HOST_RESTARTED = "host-restarted"
    RUNNER_KILLED = "runner-killed"


_WORDS = {
    Ending.EXIT: "ended by itself",
    Ending.CANCELLED: "was cancelled",
    Ending.TIMEOUT: "ran past its time limit and was stopped (lifted by --time-limit)",
    Ending.OUTPUT_LIMIT: f"printed more than its {OUTPUT_LIMIT_BYTES >> 20} MiB and was stopped",
    Ending.SPAWN: "could not be started",
    Ending.NEVER_STARTED: "was never started",
    Ending.HOST_RESTARTED: "was lost when the host restarted",
    Ending.RUNNER_KILLED: "was lost when its supervisor was killed",
}


@dataclass(frozen=True)
class JobEnd:
    """How a job ended. exit_status is None unless the payload exited by itself. result_sha256: of
    its result at that moment, as its supervisor saw it; "" where there was none, or nobody looked.
    """

    why: Ending
    exit_status: int | None
    message: str = ""
    result_sha256: str = ""

    @property
    def words(self) -> str:
        return f"{self._what}{f': {self.message}' if self.message else ''}"

    @property
    def _what(self) -> str:
        if self.why is not Ending.EXIT or self.exit_status is None:
            return _WORDS[self.why]
        if self.exit_status < 0:
            return f"was killed by signal {-self.exit_status}"
        return f"{_WORDS[self.why]} with status {self.exit_status}"


@dataclass(frozen=True)
class Heartbeat:
    """A sign of life of a quiet job. waiting_for: the run that holds the device, if queued."""

    state: str
    waiting_for: str | None


@dataclass(frozen=True)
class RemoteFile:
    """One file of a job as the host describes it; path is relative to the job."""

    path: str
    size_bytes: int
