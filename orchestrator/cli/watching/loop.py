"""The loop of a watch: what is saved, pressed or over, and what follows from it."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from concurrent.futures import Future, wait

import click

from orchestrator.cli.screen import console, streams
from orchestrator.cli.watching.events import Event, Events, Kind
from orchestrator.cli.watching.keys import Keys
from orchestrator.cli.watching.saves import Saves
from orchestrator.cli.watching.shown import Shown
from orchestrator.errors import LocalFault, UsageError
from orchestrator.here.aside import begun
from orchestrator.sync.packing import SourcesChanged
from orchestrator.workflows.watch.line import Line
from orchestrator.workflows.watch.outcome import Outcome, Trouble, Word
from orchestrator.workflows.watch.racing import Cancelled
from orchestrator.workflows.watch.reading import Now, Reader
from orchestrator.workflows.watch.turns import Turns

_LOOK_S = 1.0
# Between a turn that is called off and its end; then its connection goes. The host itself kills it
# after a while (GRACE_S of remote_payload/warm), and says so, which costs no connection.
_ENDS_S, _ASKED_TIMES = 6.0, 20
_LEAVES_S = 2.0
KEYS = "Enter: once more, b: this state is the best, p: profile in full, q: leave"


class Loop:
    """reader: of what is to be run. profile: makes a run of it in full, whatever that says."""

    def __init__(
        self,
        reader: Reader,
        turns: Turns,
        line: Line,
        shown: Shown,
        profile: Callable[[], None],
    ) -> None:
        self._reader, self._turns, self._line = reader, turns, line
        self._shown, self._profile = shown, profile
        self._number = 0
        self._now: Now | None = None  # of the turn that goes on, or of the last one
        self._next: Now | None = None
        self._running: Future[Outcome] | None = None
        self._calling_off: Future[None] | None = None
        self._drawing = contextlib.ExitStack()
        self._gone = ""
        self._keys: Keys | None = None

    def run(self, first: Now, keys: Keys | None) -> int:
        """Until somebody leaves; the exit code. What no edit mends is raised."""
        self._keys = keys
        with Events(keys) as events, contextlib.ExitStack() as held:
            self._events, self._saves = events, Saves(lambda: events.put(Kind.SAVED))
            held.callback(self._saves.close)
            held.callback(self._leave)
            self._begin(first)
            self._follow(first)
            while True:
                for event in events.wait(_LOOK_S) or self._looked():
                    if event.kind is Kind.KEY and event.key in "qQ":
                        return 0
                    self._take(event)

    def _looked(self) -> list[Event]:
        if not streams.has_reader():  # whoever it was would hear of no turn
            raise click.exceptions.Exit(0)
        return [Event(Kind.SAVED)] if self._saves.look() else []

    def _take(self, event: Event) -> None:
        if event.kind is Kind.SAVED:
            self._saved()
        elif event.kind is Kind.ENDED:
            self._ended()
        elif event.key in "\r\n":
            if self._running is None and self._now is not None and not self._gone:
                self._begin(self._now)
        elif event.key == "b":
            self._make_best()
        elif event.key == "p":
            self._profile_now()
        elif event.key == "?":
            console.note(KEYS)

    def _saved(self) -> None:
        self._saves.look()  # before the read: what is saved after it is seen by the next look
        try:
            now = self._reader.read()
        except SourcesChanged:  # somebody is still at it: there is a word of that, too
            return
        except LocalFault:
            raise
        except (UsageError, click.UsageError) as exc:
            self._call_off()
            self._tell_gone(exc.message)
            return
        was_gone, self._gone = bool(self._gone), ""
        self._follow(now)
        waits_for = self._next or self._now
        if waits_for is not None and waits_for.digest == now.digest and not was_gone:
            return
        self._next = now
        if self._running is None:
            self._begin(now)
        else:
            self._call_off()

    def _tell_gone(self, why: str) -> None:
        """A turn that cannot be; told once for as long as it stays so."""
        self._next = None
        if why == self._gone:
            return
        self._gone = why
        self._number += 1
        self._shown.turn(Outcome(self._number, Word.GONE, troubles=(Trouble("", why),)))

    def _follow(self, now: Now) -> None:
        if self._saves.follow(now.folders, now.files):
            self._events.put(Kind.SAVED)

    def _begin(self, now: Now) -> None:
        self._now, self._next = now, None
        self._number += 1  # also of one that is called off: its state is known by it
        number = self._number
        self._drawing.enter_context(self._shown.drawing())
        running = begun(lambda: self._turns.turn(number, now), "a turn")
        self._running = running
        running.add_done_callback(lambda _: self._events.put(Kind.ENDED))

    def _ended(self) -> None:
        running = self._running
        if running is None or not running.done():
            return
        self._running = None
        self._drawing.close()
        try:
            self._shown.turn(running.result())
        except Cancelled:
            pass
        except SourcesChanged:  # what was read is not what is there: it is read anew, and run
            self._now = None
            self._reader.forget()
            self._events.put(Kind.SAVED)
        if self._calling_off is not None:  # it is not to meet the next turn
            wait([self._calling_off], _ENDS_S)
            self._calling_off = None
        if self._next is not None:
            self._begin(self._next)

    def _call_off(self) -> None:
        """End the turn that goes on; it tells nothing, and the next one begins when it is over."""
        running = self._running
        if running is None or self._calling_off is not None:
            return

        def call_off() -> None:
            for _ in range(_ASKED_TIMES):  # the host may not have heard of the turn yet
                self._line.call_off()
                if wait([running], _ENDS_S / _ASKED_TIMES).done:
                    return
            self._line.break_off()

        self._calling_off = begun(call_off, "calling off")

    def _make_best(self) -> None:
        state = None if self._running else self._turns.make_best()
        if state is None:
            console.note("b: no turn that was right is over; nothing changed")
        else:
            console.note(f"{state.label} is the best: all that follows is held against it")

    def _profile_now(self) -> None:
        if self._running is not None:
            console.note("p: wait for the end of this turn")
        elif self._keys is not None:
            with self._keys.lent():
                self._profile()
            console.note(KEYS)

    def _leave(self) -> None:
        """Call off what goes on, and leave nothing behind, here and on the host."""
        running = self._running
        self._next = None
        if running is not None:
            self._call_off()
            wait([running], _LEAVES_S)
        self._drawing.close()
        wait([begun(self._line.close, "leaving")], _LEAVES_S)
        self._turns.settle()
