"""What goes on, told off a terminal: a plain line whenever nothing was said for a while."""

from __future__ import annotations

import threading
from collections.abc import Callable

from orchestrator.cli.screen.course import Course


class Lines:
    """Progress off a terminal: what is worth reading once, and while `begin` is in force a line of
    how far it is after every silence.

    silence_s: how long nothing has been said to whoever watches.
    """

    def __init__(
        self, say: Callable[[str], None], course: Course, silence_s: Callable[[], float]
    ) -> None:
        self._say, self._course, self._silence_s = say, course, silence_s
        self._ended = threading.Event()

    def step(self, task: str, done: int, total: int | None, detail: str = "") -> None:
        self._course.step(task, done, total, detail)

    def say(self, line: str) -> None:
        self._say(line)

    def begin(self, every_s: float) -> None:
        """From now on nobody waits for longer than every_s to see that something goes on."""

        def tell() -> None:
            while not self._ended.wait(max(0.0, every_s - self._silence_s())):
                if self._silence_s() >= every_s:
                    self._say(self._course.line())

        threading.Thread(target=tell, name="lines", daemon=True).start()

    def end(self) -> None:
        self._ended.set()
