"""Where turns are told: a line each on stdout; and what goes on meanwhile, on stderr."""

from __future__ import annotations

import contextlib
import re
import threading
from collections.abc import Iterator

from orchestrator.cli.screen import console, streams
from orchestrator.cli.watching import lines
from orchestrator.values.progress import Progress
from orchestrator.workflows.jobs.interrupted import unbroken
from orchestrator.workflows.watch.outcome import Outcome

_FIGURES = re.compile(r"\d+(?:\.\d+)?")


class Shown:
    """as_json: one document a line. It is a Progress that lasts as long as the watch, and draws
    while a turn goes on; what has been said once is not said again with each turn.

    kept: whether any turn that was told is kept as a run.
    """

    def __init__(self, as_json: bool) -> None:
        self.kept = False
        self._as_json = as_json
        self._drawn: Progress | None = None
        self._said: set[str] = set()
        self._lock = threading.Lock()
        self._is_read = streams.until_nobody_reads(lambda line: None)

    @contextlib.contextmanager
    def drawing(self) -> Iterator[None]:
        """While the block lasts steps are drawn; nothing of them stays."""
        with console.progress(stays=False) as drawn:
            self._drawn = drawn
            try:
                yield
            finally:
                self._drawn = None

    def step(self, task: str, done: int, total: int | None, detail: str = "") -> None:
        drawn = self._drawn
        if drawn is not None:
            drawn.step(task, done, total, detail)

    def say(self, line: str) -> None:
        console.note(line)

    def say_once(self, line: str) -> None:
        """What a host tells of itself with each turn, perhaps with other figures."""
        alike = _FIGURES.sub("", line)
        with self._lock:
            known = alike in self._said
            self._said.add(alike)
        if not known:
            self.say(line)

    def turn(self, outcome: Outcome) -> None:
        """Tell what a turn came to, once: a Ctrl-C in the middle of a write would have what was
        written already stand in its buffer."""
        with unbroken():
            self.kept = self.kept or bool(outcome.run)
            if self._as_json:
                console.out_json(lines.document(outcome), as_is=("run",), in_one_line=True)
            else:
                mark, colour = lines.mark(outcome), lines.COLOURS[outcome.word]
                console.out(lines.line(outcome), mark=mark, colour=colour)
        self._is_read("")


class Quietly:
    """Progress of jobs: what each of them says again is said once. of: where that is."""

    def __init__(self, of: Shown) -> None:
        self._of = of

    def step(self, task: str, done: int, total: int | None, detail: str = "") -> None:
        self._of.step(task, done, total, detail)

    def say(self, line: str) -> None:
        self._of.say_once(line)
