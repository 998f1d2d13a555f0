"""The only printer: stdout carries the product, stderr everything else.

Whatever a host said passes `printable` here, so that it cannot play with the terminal. Logs, JSON
and what --debug prints are made to be sent to others, so they pass `discreet` as well.
"""

from __future__ import annotations

import atexit
import json
import sys
import threading
import traceback
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, TextIO, cast

import click

from orchestrator.cli.session import Session
from orchestrator.model.progress import Progress
from orchestrator.model.text import printable

if TYPE_CHECKING:
    from orchestrator.workflows.profile import DryStep


def out(text: str, *, styled: bool = False) -> None:
    """A line of the product. styled: it holds our own colours, and nothing unsafe."""
    click.echo(text if styled else printable(text))


def log_printer() -> Callable[[str], None]:
    """Prints lines of a job's log: logs are passed on, so it is as discreet as --debug."""
    from orchestrator.model.redaction import line_gate

    mask = line_gate()
    return lambda line: out(mask(line))


def out_json(value: Any, *, as_is: Collection[str] = (), private: bool = False) -> None:
    """The product as one JSON document, made to be passed on, so it is as discreet as a log.

    as_is: keys of the document, or of each row of a list, whose values stand as they are: names of
    runs and paths that scripts go on with. private: the document is about how hosts are reached,
    and for their owner alone.
    """
    shown = value if private else _discreet(value, as_is)
    click.echo(json.dumps(shown, indent=2, sort_keys=True, ensure_ascii=False))


def _discreet(value: Any, as_is: Collection[str]) -> Any:
    from orchestrator.model.redaction import discreet_document

    if isinstance(value, list):
        return [_discreet(row, as_is) for row in value]
    shown = discreet_document(value)
    return {**shown, **{key: value[key] for key in as_is}} if as_is else shown


def note(text: str) -> None:
    """A line for the person watching."""
    _in_turn(lambda: click.echo(printable(text), err=True))


def next_step(text: str) -> None:
    """The last line a person sees: what to do next, as it can be pasted."""
    click.secho(f"next: {_with_the_same_files(text)}", err=True, bold=True)


def _with_the_same_files(step: str) -> str:
    """`step` with --inventory and --runs as they were given: without them it finds other ones."""
    ctx = click.get_current_context(silent=True)
    session = ctx.find_object(Session) if ctx else None
    return step.replace("orchestrator", session.program, 1) if session else step


def error(message: str, hint: str) -> None:
    """What failed and where, then the way out."""
    click.secho("error: ", err=True, fg="red", bold=True, nl=False)
    click.echo(printable(message), err=True)
    if hint:
        click.echo(printable(f"  hint: {hint}"), err=True)


def trace() -> None:
    """The traceback of the error at hand, for --debug: without addresses, keys and folders."""
    from orchestrator.model.redaction import discreet

    click.echo(printable(discreet(traceback.format_exc())), err=True)


class _DiscreetStream:
    """A text stream that passes on only what strangers may read."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        from orchestrator.model.redaction import discreet

        self._stream.write(discreet(text))
        return len(text)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


@contextmanager
def discreet_stderr(wanted: bool) -> Iterator[None]:
    """While the block lasts, everything on stderr passes `discreet`, whoever prints it."""
    before = sys.stderr
    if wanted:
        sys.stderr = cast(TextIO, _DiscreetStream(before))
    try:
        yield
    finally:
        sys.stderr = before


def on_terminal() -> bool:
    """Whether someone is there to answer questions."""
    return sys.stdin.isatty() and sys.stderr.isatty()


def confirm(question: str) -> bool:
    """A yes-or-no question whose default is no."""
    return click.confirm(question, default=False, err=True)


def dry_run(steps: Sequence[DryStep], as_json: bool, in_full: bool) -> int:
    """Print what would be done and by which commands. in_full: then also the programs that travel
    inside them, in a form that a shell makes the exact commands of."""
    if as_json:
        # To be run as they stand.
        commands = [{**asdict(step), "command": step.command.shell_line()} for step in steps]
        out_json(commands, private=True)
        return 0
    for number, step in enumerate(steps, 1):
        out(f"# {number}. on {step.host}: {step.what}\n{step.command.brief()}\n")
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
    out("# In full, and then the commands as they are sent:\n")
    for assignment in dict.fromkeys(line for line, _ in assigned if line):
        out(assignment)
    for number, (_, line) in enumerate(assigned, 1):
        out(f"\n# {number}.\n{line}")


class Lines:
    """Progress off a terminal: silent but for what is worth reading once."""

    def step(self, task: str, done: int, total: int | None, detail: str = "") -> None:
        return

    def say(self, line: str) -> None:
        note(line)


class Bars:
    """Progress on a terminal: one live bar per task, kept when it is full."""

    def __init__(self) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

        self.live = Progress(
            TextColumn("{task.description:>8}"),
            BarColumn(bar_width=30),
            TextColumn("{task.fields[amount]}"),
            TimeElapsedColumn(),
            TextColumn("{task.fields[detail]}", style="dim", markup=False),
            console=Console(stderr=True),
        )
        self._tasks: dict[str, Any] = {}

    def step(self, task: str, done: int, total: int | None, detail: str = "") -> None:
        if task not in self._tasks:
            self._tasks[task] = self.live.add_task(task, total=total, amount="", detail="")
        amount = _amount(done, total, in_bytes=task in ("sync", "pull"))
        self.live.update(
            self._tasks[task], completed=done, total=total, amount=amount, detail=detail[:60]
        )

    def say(self, line: str) -> None:
        _in_turn(lambda: self.live.console.print(line, highlight=False, markup=False))


def _amount(done: int, total: int | None, in_bytes: bool) -> str:
    def text(value: int) -> str:
        return f"{value / 1e6:.1f} MB" if in_bytes else str(value)

    return text(done) if total is None else f"{text(done)}/{text(total)}"


# The bars drawn at the moment, if any; and while somebody is asked, what is said afterwards.
_drawn: list[Bars] = []
_unsaid: list[Callable[[], None]] | None = None
_turn, _question = threading.RLock(), threading.RLock()


def _in_turn(say: Callable[[], None]) -> None:
    """Say it now, or after the question that somebody is answering."""
    with _turn:
        if _unsaid is None:
            say()
        else:
            _unsaid.append(say)


def _say_the_rest() -> None:
    global _unsaid
    with _turn:
        unsaid, _unsaid = _unsaid, None
        for say in unsaid or ():
            say()


# Where Ctrl-C was the answer, nobody else comes to it.
atexit.register(_say_the_rest)


@contextmanager
def progress() -> Iterator[Progress]:
    """Bars on a terminal, plain lines elsewhere."""
    if not sys.stderr.isatty():
        yield Lines()
        return
    bars = Bars()
    with bars.live:
        _drawn.append(bars)
        try:
            yield bars
        finally:
            _drawn.remove(bars)


@contextmanager
def undisturbed() -> Iterator[None]:
    """While the block lasts no bar is drawn; what other threads say comes after it."""
    global _unsaid
    with _question:
        with _turn:
            paused = [bars for bars in _drawn if bars.live.live.is_started]
            for bars in paused:
                bars.live.live.transient = True  # it is drawn again below, not twice
                bars.live.stop()
                bars.live.live.transient = False
            _unsaid = []
        try:
            yield
        finally:
            for bars in paused:
                if bars in _drawn:
                    bars.live.start()
            _say_the_rest()
