"""The one tree of errors a person may see; each says what failed, where, and the next step.

OrchestratorError
├── UsageError            2  what the user typed or wrote in a file
│   ├── InventoryError       inventory.yaml: file, line, key, expected value
│   ├── RunError             a run directory: missing, corrupt, written by a newer version
│   │   ├── RunUnknown          no run of this name is kept here
│   │   └── RunTaken            another laptop has given this name to a run of its own
│   └── LocalFault           this machine's disk, rights or limits did not let us
├── HostUnreachable       3  no usable connection
│   ├── HostKeyError         unknown or changed host key
│   ├── AuthenticationError  the host refused our keys
│   │   └── NobodyToAsk         it wants an answer from a person, and none sits here
│   ├── HostStopped          the machine is off or gone: waiting does not bring it back
│   └── LinkLost             the connection died while in use
├── HostUnfit             4  connected, but the host lacks something
├── GateFailed            1  does not compile, wrong result, missed target
├── NothingDecided        6  the gate had nothing, or not enough, to judge by
└── Detached            130  we stopped watching; the job goes on
Anything else is a bug of ours and exits with 5; EndedBySignal is no error, and exits with 128 + n.
"""

from __future__ import annotations

import signal
from enum import IntEnum


class ExitCode(IntEnum):
    """What the process exit status says to scripts."""

    OK = 0
    GATE_FAILED = 1
    USAGE = 2
    UNREACHABLE = 3
    UNFIT = 4
    BUG = 5
    UNDECIDED = 6
    INTERRUPTED = 130


class OrchestratorError(Exception):
    """Base of every error shown to people. message: what and where; hint: the next step."""

    exit_code = ExitCode.BUG

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class UsageError(OrchestratorError):
    """What was typed cannot be done."""

    exit_code = ExitCode.USAGE


class InventoryError(UsageError):
    """inventory.yaml is wrong; the message names file, line, key and the expected value."""


class RunError(UsageError):
    """A run directory cannot be read."""


class RunUnknown(RunError):
    """No run here has this name; its host may know it."""


class RunTaken(RunError):
    """The host has a run of this name that somebody else started."""


class LocalFault(UsageError):
    """This machine refused: its disk is full, a folder is gone, too many files are open."""


class HostUnreachable(OrchestratorError):
    """No usable connection to the host."""

    exit_code = ExitCode.UNREACHABLE


class HostKeyError(HostUnreachable):
    """The host's key is unknown, or not the one we trust."""


class AuthenticationError(HostUnreachable):
    """The host refused every key we offered."""


class NobodyToAsk(AuthenticationError):
    """The login needs an answer that only a person can give, and none sits here."""


class HostStopped(HostUnreachable):
    """The machine is off or gone, as whoever rents it out says; no new try changes that."""


class LinkLost(HostUnreachable):
    """The connection died while in use."""


class HostUnfit(OrchestratorError):
    """The host answered but lacks what the work needs."""

    exit_code = ExitCode.UNFIT


class GateFailed(OrchestratorError):
    """The work was done and the answer is no: does not compile, wrong result, missed target."""

    exit_code = ExitCode.GATE_FAILED


class NothingDecided(OrchestratorError):
    """The gate can say neither yes nor no: nothing was compared, or it is too noisy to tell."""

    exit_code = ExitCode.UNDECIDED


class Detached(OrchestratorError):
    """The person stopped watching; the job goes on without us."""

    exit_code = ExitCode.INTERRUPTED


class EndedBySignal(BaseException):
    """Somebody told this process to end. As KeyboardInterrupt it is no Exception: it cleans up
    whatever it passes, and nothing takes it for a failure of its own.

    goes_on: what goes on without us, and the command that comes back to it; "" for nothing.
    """

    def __init__(self, number: int) -> None:
        super().__init__(f"ended by {signal.Signals(number).name}")
        self.number = number
        self.exit_code = 128 + number
        self.goes_on = ""
