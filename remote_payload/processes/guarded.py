"""One worker that is started when it is needed and replaced after any fault, which may have
spoilt it."""

from __future__ import annotations

from typing import Any, Callable, Optional

from remote_payload.processes.isolate import Died, Silent, Worker


class Guarded:
    """A worker that answers messages. Use as a context manager: on leaving it is ended.

    work: as of `isolate.Worker`.
    """

    def __init__(self, work: Callable[..., None], *arguments: Any) -> None:
        self._work, self._arguments = work, arguments
        self._worker: Optional[Worker] = None

    def __enter__(self) -> Guarded:
        return self

    def __exit__(self, *_: object) -> None:
        self.drop()

    @property
    def pid(self) -> Optional[int]:
        """Of the process, which is started if there is none."""
        self.begin()
        assert self._worker is not None
        return self._worker.pid

    def ask(self, message: Any, limit_s: float) -> Any:
        """The worker's answer. Silent after limit_s seconds, Died if it ends first: either way the
        next question meets a new one."""
        self.send(message)
        return self.hear(limit_s)

    def send(self, message: Any) -> None:
        """Hand over a message; Died as in `ask`."""
        try:
            self._there().send(message)
        except Died:
            self.drop()
            raise

    def hear(self, limit_s: float, keep: bool = False) -> Any:
        """The next thing it says; Silent and Died as in `ask`. keep: it may be silent for so long,
        and is heard again."""
        try:
            return self._there().receive(limit_s)
        except Died:
            self.drop()
            raise
        except Silent:
            if not keep:
                self.drop()
            raise

    def pause(self) -> None:
        """Have it do nothing at all, threads and children of its group included, until `resume`."""
        if self._worker is not None:
            self._worker.pause()

    def resume(self) -> None:
        """Let it go on."""
        if self._worker is not None:
            self._worker.resume()

    def begin(self) -> None:
        """Start the process if there is none, and wait for nothing. Died: it cannot be started."""
        if self._worker is None:
            self._worker = Worker.begun(self._work, *self._arguments)

    def end(self) -> None:
        """Have the process end; `drop` waits for that."""
        if self._worker is not None:
            self._worker.end()

    def drop(self) -> None:
        """End the process, as after an answer that says that it is spoilt."""
        if self._worker is not None:
            self._worker.kill()
            self._worker = None

    def _there(self) -> Worker:
        self.begin()
        assert self._worker is not None
        try:
            self._worker.meet()
        except (Died, Silent):
            self._worker = None
            raise
        return self._worker
