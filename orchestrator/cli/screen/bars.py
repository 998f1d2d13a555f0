"""What goes on, drawn on a terminal: a line for each part with a clock that runs, kept when full.

rich is imported when the first line is drawn: who is done before that never pays for it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

from orchestrator.cli.screen import leaving, terminal
from orchestrator.cli.screen.course import Course, Part, clock
from orchestrator.values.text import one_line

# A command that ends before leaves nothing behind.
_PATIENCE_S = 0.5
_PER_SECOND = 8.0
_NAME, _MOST_BAR, _LEAST_BAR, _MOST_DETAIL, _LEAST_DETAIL = 8, 30, 8, 80, 12
_GAP = "  "


class Bars:
    """Progress on a terminal. turn: whose is the screen. stays: what was drawn does, in the end.

    waits: whether nothing may be drawn now, for somebody is being asked.
    """

    def __init__(
        self,
        course: Course,
        turn: AbstractContextManager[object],
        say: Callable[[str], None],
        waits: Callable[[], bool],
        stays: bool = True,
    ) -> None:
        self._course, self._turn, self._say, self._waits = course, turn, say, waits
        self._live: Any = None
        self._console: Any = None
        self._stays, self._ended = stays, threading.Event()

    @property
    def are_drawn(self) -> bool:
        return self._live is not None and bool(self._live.is_started)

    def hide_cursor(self) -> None:
        leaving.hide_cursor(self.are_drawn)

    def begin(self) -> None:
        """Draw in a moment, if there is still something going on."""
        threading.Thread(target=self._draw_later, name="bars", daemon=True).start()

    def _draw_later(self) -> None:
        if not self._ended.wait(_PATIENCE_S):
            self._draw()

    def _draw(self) -> None:
        from rich.console import Console
        from rich.live import Live

        with self._turn:
            if self._live is not None or self._ended.is_set():
                return
            gate = terminal.gate(err=True)
            # Rich moves the cursor, so it writes beyond the gate; no text comes to it but ours.
            self._console = Console(file=gate.beyond if gate else None, stderr=True)
            self._live = Live(
                console=self._console,
                get_renderable=self._shown,
                refresh_per_second=_PER_SECOND,
                redirect_stdout=False,
                redirect_stderr=False,
            )
            if not self._waits():  # else somebody is being asked, and it is drawn afterwards
                self._live.start()

    def step(self, task: str, done: int, total: int | None, detail: str = "") -> None:
        self._course.step(task, done, total, detail)
        if self._live is None:
            self._draw()

    def say(self, line: str) -> None:
        self._say(line)

    def say_above(self, mark: str, text: str, fg: str | None = None, bold: bool = False) -> None:
        """A line above the bars; fg, bold: of the mark."""
        from rich.text import Text

        style = " ".join(filter(None, (fg, "bold" if bold else "")))
        line = Text.assemble((terminal.shown(mark), style), terminal.shown(text))
        self._console.print(line, soft_wrap=True)

    def pause(self) -> None:
        """Draw nothing until `go_on`, and leave nothing of it."""
        if self._live is not None:
            self._live.transient = True  # it is drawn again, not twice
            self._live.stop()
            self._live.transient = False

    def go_on(self) -> None:
        if self._live is not None and not self._ended.is_set():
            self._live.start()

    def end(self) -> None:
        """Draw for the last time; a clock alone is worth no line."""
        self._ended.set()
        if self._live is not None:
            self._live.transient = not (self._stays and self._course.parts)
            self._live.stop()

    def _shown(self) -> Any:
        from rich.text import Text

        width, ascii_only = self._console.width, self._console.options.ascii_only
        rows = [self._row(part, width, ascii_only) for part in tuple(self._course.parts.values())]
        left = "" if self._ended.is_set() else self._course.left_in_all()
        told = (f"{self._course.what:>{_NAME}}", clock(self._course.seconds()), left)
        rows.append(Text(_fitting(told, width)))
        shown = Text("\n").join(rows)
        shown.no_wrap, shown.overflow = True, "crop"
        return shown

    def _row(self, part: Part, width: int, ascii_only: bool) -> Any:
        """Name, bar, amount, clock and what is left; the bar and the detail where there is room."""
        from rich.text import Text

        name = f"{terminal.shown(one_line(part.name)):>{_NAME}}"
        left = "" if self._ended.is_set() else self._course.left(part)
        words = (part.amount, clock(part.seconds(self._course.now())), left)
        told = _fitting((name, *words), width)
        room, rest = width - len(told) - len(_GAP), told.removeprefix(name)
        bar = min(room, _MOST_BAR)
        if bar < _LEAST_BAR:
            return Text(told)
        full, empty = ("#", "-") if ascii_only else ("━", "─")
        filled = int(bar * part.share)
        row = Text.assemble(
            name,
            _GAP,
            (full * filled, "green" if part.ended is not None else "cyan"),
            (empty * (bar - filled), "bright_black"),
            rest,
        )
        room -= bar + len(_GAP)
        detail = terminal.shown(one_line(part.detail))[: min(room, _MOST_DETAIL)]
        if part.ended is None and room >= _LEAST_DETAIL:
            row.append(f"{_GAP}{detail}", "dim")
        return row


def _fitting(words: tuple[str, ...], width: int) -> str:
    """As many of the words, from the first on, as a line has room for; of the first at least."""
    said = ""
    for word in filter(None, words):
        longer = f"{said}{_GAP if said else ''}{word}"
        if said and len(longer) >= width:
            break
        said = longer
    return said
