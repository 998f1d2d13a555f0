"""A provider's process as the race sees it: it is asked, it answers within a limit, and between its
turns it stands still, so that nobody pays for what it does meanwhile."""

from __future__ import annotations

import contextlib
import os
import time
from dataclasses import dataclass
from typing import Any, Iterator, Optional, Protocol

from remote_payload.contract.request import Provider
from remote_payload.contract.words import Method, Status
from remote_payload.operators.setting import Setting
from remote_payload.processes.bounded import spoken
from remote_payload.processes.guarded import Guarded
from remote_payload.processes.isolate import Deadline, Died, NotStarted, Pipe, Silent
from remote_payload.processes.waiting import waited_us
from remote_payload.stages.bench.race import Failed, answers

US_PER_S = 1e6


class Out(Exception):
    """A provider is out: it raised, ended its process, or did not answer. only: of this method
    alone, None for all. ended: its process is gone."""

    def __init__(
        self, how: str, status: Status, only: Optional[Method] = None, ended: bool = False
    ) -> None:
        super().__init__(how)
        self.how, self.status, self.only, self.ended = how, status, only, ended

    def by(self, method: Method) -> Out:
        """The same, where whatever ends a process that is recorded keeps it out of that alone."""
        if method is not Method.GRAPH or not self.ended:
            return self
        return Out(f"not timed by graph: {self.how}", Status.SKIPPED, method, ended=True)


@dataclass(frozen=True)
class Answer:
    """What a process said, and between which moments of `time.monotonic` it was asked.

    waited_us: how long meanwhile it and the one who asked stood in the queue for a CPU; None where
    the kernel does not tell.
    """

    said: Any
    began_s: float
    ended_s: float
    waited_us: Optional[float] = None

    @property
    def outside_us(self) -> float:
        """How long it took, as nobody in that process can say otherwise."""
        return (self.ended_s - self.began_s) * US_PER_S


class Seat(Protocol):
    """Where a provider sits."""

    def begin(self) -> None:
        """Start what sits there, and wait for nothing. Raises Out."""

    def ask(self, message: Any) -> Answer:
        """What it says. Raises Out."""

    def send(self, message: Any) -> None:
        """As the first half of `ask`; `hear` is the other. Raises Out."""

    def hear(self, message: Any) -> Any:
        """What it says to what was sent. Raises Out."""

    def pause(self) -> None:
        """Until `resume` it does nothing."""

    def resume(self) -> None:
        """It is its turn."""


class OwnProcess:
    """A process of its own, with nobody else in it."""

    def __init__(
        self, provider: Provider, setting: Setting, deadline: Deadline, limit_s: float
    ) -> None:
        self._worker = Guarded(_serve, provider, setting)
        self._deadline, self._limit_s = deadline, limit_s

    @property
    def pid(self) -> Optional[int]:
        return self._worker.pid

    def begin(self) -> None:
        with self._ending():
            self._worker.begin()

    def ask(self, message: Any) -> Answer:
        limit_s = self._deadline.allow(self._limit_s)
        with self._ending(limit_s):
            waited = self._waited_us()  # and it is started before the clock runs
            began_s = time.monotonic()
            said = self._worker.ask(message, limit_s)
            ended_s = time.monotonic()
            waited = None if waited is None else _more(waited, self._waited_us())
        return Answer(heard(said, message), began_s, ended_s, waited)

    def send(self, message: Any) -> None:
        with self._ending():
            self._worker.send(message)

    def hear(self, message: Any) -> Any:
        limit_s = self._deadline.allow(self._limit_s)
        with self._ending(limit_s):
            return heard(self._worker.hear(limit_s), message)

    @contextlib.contextmanager
    def _ending(self, limit_s: float = 0.0) -> Iterator[None]:
        """Whoever ends is out. limit_s: for which it is heard."""
        try:
            yield
        except Silent as exc:
            self._deadline.require()
            hung = f"hung for {spoken(limit_s)} while being timed"
            how = str(exc) if isinstance(exc, NotStarted) else hung
            raise Out(how, Status.TIMEOUT, ended=True) from exc
        except Died as exc:
            how = f"crashed while being timed: {exc}"
            raise Out(how, Status.FAILED, ended=True) from exc

    def _waited_us(self) -> Optional[float]:
        """Of all its threads so far, and of those of this process."""
        pid = self._worker.pid
        both = [None if one is None else waited_us(one) for one in (pid, os.getpid())]
        return None if None in both else sum(one for one in both if one is not None)

    def pause(self) -> None:
        self._worker.pause()

    def resume(self) -> None:
        self._worker.resume()

    def end(self) -> None:
        """Have the process end; `drop` waits for that."""
        self._worker.end()

    def drop(self) -> None:
        """End the process."""
        self._worker.drop()


def _more(before: float, after: Optional[float]) -> Optional[float]:
    """What was added; nothing where a thread has ended and taken its count along."""
    return None if after is None else max(0.0, after - before)


def heard(said: Any, message: Any) -> Any:
    """The answer itself. Raises Out for one that says that there is none, or is none."""
    if isinstance(said, Failed):
        only = said.only
        how = f"not timed by graph: {said.how}" if only is Method.GRAPH else said.how
        raise Out(how, Status.FAILED if only is None else Status.SKIPPED, only)
    if not answers(message, said):
        how = f"said something else than it was asked: {type(said).__name__}"
        raise Out(how, Status.FAILED)
    return said


def _serve(pipe: Pipe, provider: Provider, setting: Setting) -> None:
    from remote_payload.stages.bench import timing  # here, so that the parent never imports torch

    timing.serve(pipe, provider, setting)
