"""Run code that may crash or hang in a process of its own, which can always be ended.

Kernels under test segfault, spin and poison a CUDA context, so each provider gets a process,
and a new one after every fault. The parent itself never imports torch: a broken torch cannot take
the result down.
"""

from __future__ import annotations

import contextlib
import os
import signal
import time
from multiprocessing import connection
from typing import Any, Callable, Optional

from remote_payload.processes import plain_messages
from remote_payload.processes.bounded import spoken
from remote_payload.processes.descent import descendants
from remote_payload.processes.standby import RESERVE, NotBorn, context
from remote_payload.processes.standby import Pipe as Pipe

START_LIMIT_S = 180.0  # a first `import torch` from a network volume has been seen to take minutes
JOIN_S = 5.0
_LONGEST_BYTES = 1 << 26  # of a message; tensors go by files
_LAST = "remote_payload.processes.settled"


class Silent(Exception):
    """The worker said nothing within the limit."""


class NotStarted(Silent):
    """It did not come up within its own limit, which the text tells."""


class Died(Exception):
    """The worker ended without an answer; the text says how."""


def preload_torch(*modules: str) -> None:
    """Have the fork server import torch, and what else workers need, before it forks; call once,
    before the first worker."""
    if context().get_start_method() == "forkserver":
        context().set_forkserver_preload(["torch", *modules, _LAST])


class Worker:
    """A process in its own process group that runs `work(pipe, *args)`.

    Use as a context manager: on leaving, the process and whatever it started are killed.
    Raises Died or NotStarted when the process does not come up.
    """

    def __init__(self, work: Callable[..., None], *args: Any) -> None:
        self._start(work, args)
        self.meet()

    @classmethod
    def begun(cls, work: Callable[..., None], *args: Any) -> Worker:
        """One that is still on its way, as others may be meanwhile; `meet` waits for it."""
        one = cls.__new__(cls)
        one._start(work, args)
        return one

    def _start(self, work: Callable[..., None], args: Any) -> None:
        self._has_come = self._is_ended = False
        try:
            standby = RESERVE.take()
        except NotBorn as exc:
            raise Died(str(exc)) from exc
        self._pipe, self._process = standby.pipe, standby.process
        standby.give(work, args)

    def meet(self) -> None:
        """Wait until it has come up. Raises as above, and then it is ended."""
        if self._has_come:
            return
        self._has_come = True
        try:
            self.receive(START_LIMIT_S)
        except Silent as exc:
            self.kill()
            raise NotStarted(f"its process did not start within {spoken(START_LIMIT_S)}") from exc
        except BaseException:
            self.kill()
            raise

    @property
    def pid(self) -> Optional[int]:
        pid: Optional[int] = self._process.pid
        return pid

    def send(self, message: Any) -> None:
        """Hand a picklable message to the worker; Died if it is gone."""
        try:
            self._pipe.send(message)
        except OSError as exc:
            raise Died(self._how_it_ended()) from exc

    def receive(self, limit_s: float) -> Any:
        """The worker's next message; Silent after limit_s seconds, Died if it ends first, or says
        what nobody of ours does."""
        ready = connection.wait([self._pipe, self._process.sentinel], max(0.0, limit_s))
        if not ready:
            raise Silent(f"no answer within {spoken(limit_s)}")
        if self._pipe not in ready and not self._pipe.poll():
            raise Died(self._how_it_ended())
        try:
            return plain_messages.read(self._pipe.recv_bytes(_LONGEST_BYTES))
        except (EOFError, OSError) as exc:
            raise Died(self._how_it_ended()) from exc
        except plain_messages.NotPlain as exc:
            raise Died(f"the process sent {exc}") from exc

    def pause(self) -> None:
        """Stop the process, its group, and whoever left that, until `resume`."""
        self._signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Let them go on."""
        self._signal(signal.SIGCONT)

    def end(self) -> None:
        """Have the process end, its group, and whoever left that; `kill` waits for it. Once: later
        its number may be anybody's."""
        if self._is_ended:
            return
        self._is_ended = True
        self.pause()  # so that none is born meanwhile
        self._signal(signal.SIGKILL)

    def kill(self) -> None:
        """End them all at once, and wait for the process."""
        self.end()
        self._process.join(JOIN_S)
        self._pipe.close()

    def _signal(self, number: int) -> None:
        pid = self._process.pid
        if pid is None:
            return
        # Whoever has ended left others to somebody else, and its number to anybody.
        alone = [pid] if self._process.exitcode is None else []
        others = [one for here in alone for one in descendants(here)]
        # It may be alone still, in no group of its own.
        for send, whom in ((os.killpg, pid), *((os.kill, one) for one in (*alone, *others))):
            with contextlib.suppress(ProcessLookupError, PermissionError):
                send(whom, number)

    def __enter__(self) -> Worker:
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()

    def _how_it_ended(self) -> str:
        self._process.join(JOIN_S)
        code = self._process.exitcode
        if code is None:
            return "closed its pipe without an answer"
        if code >= 0:
            return f"the process ended with exit status {code} and without an answer"
        try:
            return f"the process was killed by {signal.Signals(-code).name}"
        except ValueError:
            return f"the process was killed by signal {-code}"


class OutOfTime(Exception):
    """The time limit of the whole run has passed."""


class Deadline:
    """The moment by which the whole run has to be over."""

    def __init__(self, limit_s: float) -> None:
        self.limit_s = limit_s
        self._end = time.monotonic() + limit_s

    def allow(self, wanted_s: float) -> float:
        """`wanted_s`, or what is left of the run if that is less; never negative."""
        return max(0.0, min(wanted_s, self._end - time.monotonic()))

    def require(self) -> None:
        """Raise OutOfTime once the moment has passed."""
        if time.monotonic() >= self._end:
            raise OutOfTime(f"the run's time limit of {spoken(self.limit_s)} has passed")
