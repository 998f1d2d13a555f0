"""The only printer: stdout carries the product, stderr everything else.

All of it passes the gate of `terminal`, so that nothing can play with the terminal. Here lines are
kept apart: text from elsewhere never begins a line, where it would pass for ours. Logs, JSON and
what --debug prints are made to be sent to others, so they pass `discreet` as well.
"""

from __future__ import annotations

import json
import sys
import threading
import time
import traceback
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from orchestrator.cli.screen import leaving, terminal
from orchestrator.cli.screen.bars import Bars
from orchestrator.cli.screen.course import Course
from orchestrator.cli.screen.lines import Lines
from orchestrator.cli.session import Session
from orchestrator.values.progress import NOTHING_KNOWN, Expected, Progress
from orchestrator.values.text import APART, harmless_json, one_line, set_off

if TYPE_CHECKING:
    from orchestrator.workflows.profile import DryStep

# Off a terminal nobody waits for longer than 10 s to see that something goes on.
LINE_EVERY_S = 9.0


def out(text: str, *, mark: str = "", colour: str | None = None) -> None:
    """One line of the product, whatever `text` holds. mark: a word of ours before it, in colour."""
    _say(one_line(text), mark=mark, fg=colour)


def page(text: str) -> None:
    """A product of many lines, each of which is ours: Markdown, JSON, commands for a shell."""
    _say(text)


def _say(text: str, *, err: bool = False, mark: str = "", **style: Any) -> None:
    """The one way of a line out of here; style is the mark's."""
    global _said_at
    with _turn:
        _said_at = time.monotonic() if err else _said_at
        if _drawn and _drawn[-1].are_drawn and terminal.is_terminal(err=err):
            _drawn[-1].say_above(mark, text, **style)
            return
        if mark:
            terminal.write(mark, err=err, **style)
        terminal.write(f"{text}\n", err=err)


def log_printer() -> Callable[[str], None]:
    """Prints lines of a job's log: logs are passed on, so it is as discreet as --debug.

    On a terminal they are set off, as other lines there are ours.
    """
    from orchestrator.values.privacy.redaction import line_gate

    mask, before = line_gate(), APART if terminal.is_terminal() else ""
    return lambda line: out(f"{before}{mask(line)}")


def out_json(
    value: Any, *, as_is: Collection[str] = (), private: bool = False, in_one_line: bool = False
) -> None:
    """The product as one JSON document, made to be passed on, so it is as discreet as a log.

    as_is: keys of the document, or of each row of a list, whose values stand as they are: names of
    runs and paths that scripts go on with. private: the document is about how hosts are reached,
    and for their owner alone. in_one_line: for documents that follow one another.
    """
    shown = value if private else _discreet(value, as_is)
    indent, ascii = None if in_one_line else 2, _only_ascii()
    page(harmless_json(json.dumps(shown, indent=indent, sort_keys=True, ensure_ascii=ascii)))


def _only_ascii() -> bool:
    """Whether stdout has no other characters: JSON can spell the rest in its own way."""
    encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
    return str(encoding).lower().replace("-", "") != "utf8"


def _discreet(value: Any, as_is: Collection[str]) -> Any:
    from orchestrator.values.privacy.redaction import discreet_document

    if isinstance(value, list):
        return [_discreet(row, as_is) for row in value]
    shown = discreet_document(value)
    return {**shown, **{key: value[key] for key in as_is}} if as_is else shown


def note(text: str) -> None:
    """A line for the person watching, but not while somebody is asked; what follows the first is
    set off."""
    with _turn:
        if _unsaid is None:
            _say(set_off(text), err=True)
        else:
            _unsaid.append(text)


def next_step(text: str) -> None:
    """The last line a person sees: what to do next, as it can be pasted."""
    step = one_line(_with_the_same_files(text)).replace("\t", "\\t")
    _say("", err=True, mark=f"next: {step}", bold=True)


def _with_the_same_files(step: str) -> str:
    """`step` with --inventory and --runs as they were given: without them it finds other ones."""
    ctx = click.get_current_context(silent=True)
    session = ctx.find_object(Session) if ctx else None
    return step.replace("orchestrator", session.program, 1) if session else step


def error(message: str, hint: str) -> None:
    """What failed and where, then the way out."""
    _say(set_off(message), err=True, mark="error: ", fg="red", bold=True)
    if hint:
        _say(set_off(f"  hint: {hint}"), err=True)


def trace() -> None:
    """The traceback of the error at hand, for --debug: without addresses, keys and folders."""
    from orchestrator.values.privacy.redaction import discreet

    _say(set_off(discreet(traceback.format_exc())), err=True)


def on_terminal() -> bool:
    """Whether someone is there to answer questions."""
    return sys.stdin.isatty() and terminal.is_terminal(err=True)


def dry_run(steps: Sequence[DryStep], as_json: bool, in_full: bool) -> int:
    """Print what would be done and by which commands. in_full: then also the programs that travel
    inside them, in a form that a shell makes the exact commands of."""
    if as_json:
        # To be run as they stand.
        commands = [{**asdict(step), "command": step.command.shell_line()} for step in steps]
        out_json(commands, private=True)
        return 0
    for number, step in enumerate(steps, 1):
        out(f"# {number}. on {step.host}: {step.what}")
        out(step.command.brief())
        out("")
    if any(step.command.program for step in steps):
        out("# Each <name, size, digest> stands for a program of ours that travels in its command.")
        if in_full:
            _in_full(steps)
        else:
            out("# To see them in full: orchestrator --debug, then the same.")
    next_step("the same command without --dry-run")
    return 0


def _in_full(steps: Sequence[DryStep]) -> None:
    assigned = [step.command.assigned() for step in steps]
    page("# In full, and then the commands as they are sent:\n")
    for assignment in dict.fromkeys(line for line, _ in assigned if line):
        page(assignment)
    for number, (_, line) in enumerate(assigned, 1):
        page(f"\n# {number}.\n{line}")


def lines() -> Lines:
    """Progress that tells what is worth reading once, and nothing else."""
    return Lines(note, Course(), _silence_s)


def _silence_s() -> float:
    return time.monotonic() - _said_at if _unsaid is None else 0.0


# The bars drawn at the moment, if any; and while somebody is asked, the notes of afterwards.
_drawn: list[Bars] = []
_unsaid: list[str] | None = None
_said_at = time.monotonic()
_turn, _question = threading.RLock(), threading.RLock()


def say_the_rest() -> None:
    """What waits for an answer. Where that is Ctrl-C, whoever ends the command comes to it."""
    global _unsaid
    with _turn:
        unsaid, _unsaid = _unsaid, None
        for text in unsaid or ():
            note(text)


@contextmanager
def progress(expected: Expected = NOTHING_KNOWN, *, stays: bool = True) -> Iterator[Progress]:
    """Bars on a terminal, plain lines elsewhere. expected: how long it all took before. stays: the
    bars do, when all is done."""
    course = Course(expected)
    if not terminal.can_be_drawn_on(err=True):
        told = Lines(note, course, _silence_s)
        told.begin(LINE_EVERY_S)
        try:
            yield told
        finally:
            told.end()
        return
    bars = Bars(course, _turn, note, lambda: _unsaid is not None, stays)
    with leaving.giving_back(leaving.show_cursor, bars.hide_cursor, to_the_end=True):
        with _turn:
            _drawn.append(bars)
        bars.begin()
        try:
            yield bars
        finally:
            with _turn:
                _drawn.remove(bars)
                bars.end()


@contextmanager
def undisturbed() -> Iterator[None]:
    """While the block lasts no bar is drawn; what other threads say comes after it."""
    global _unsaid
    with _question:
        if _unsaid is not None:  # asked within a question
            yield
            return
        with _turn:
            for bars in _drawn:
                bars.pause()
            _unsaid = []
        try:
            yield
        finally:
            with _turn:
                for bars in _drawn:
                    bars.go_on()
                say_the_rest()
