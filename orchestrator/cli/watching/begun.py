"""A watch from its options to its end."""

from __future__ import annotations

import contextlib
import signal
import subprocess
from dataclasses import dataclass
from typing import Any

import click

from orchestrator.cli.screen import console, questions, terminal
from orchestrator.cli.session import Session
from orchestrator.cli.watching.asked import as_profile, asked
from orchestrator.cli.watching.keys import Keys
from orchestrator.cli.watching.loop import KEYS, Loop
from orchestrator.cli.watching.shown import Quietly, Shown
from orchestrator.launch import warm
from orchestrator.transport.base import Transport
from orchestrator.workflows import profile as workflow
from orchestrator.workflows.diagnose import look_command
from orchestrator.workflows.profile import DryStep
from orchestrator.workflows.watch.line import Line
from orchestrator.workflows.watch.racing import Warmed
from orchestrator.workflows.watch.reading import Reader
from orchestrator.workflows.watch.turns import Desk, Turns


@dataclass(frozen=True)
class Way:
    """To the host, by the inventory of the moment: its port may be another one by now. host: by its
    name; it stays that one, whatever the inventory's default becomes."""

    session: Session
    host: str
    accept_new_host_key: bool
    command: click.Context

    def connect(self, again: bool) -> Transport:
        fresh = Session(self.session.inventory_path, self.session.runs_dir, self.session.debug)
        with self.command.scope(cleanup=False):  # this thread may not know what was typed
            host = fresh.host(self.host)
            return fresh.transport(host, self.accept_new_host_key, noted=not again)


def begin(session: Session, given: dict[str, Any]) -> int:
    """Watch until somebody leaves; the exit code."""
    as_json = given.pop("as_json")
    host = session.host(given.pop("host"))
    way = Way(session, host.name, given.pop("accept_new_host_key"), click.get_current_context())
    planned = asked(session, host, given, False).planned
    reader = Reader(session.root, planned)
    first = reader.read()
    by_person = not as_json and console.on_terminal() and terminal.is_terminal()
    shown = Shown(as_json=not by_person)
    line = Line(way.connect, Warmed, shown)
    desk = Desk(session.here, session.runs, session.typed, Quietly(shown))
    loop = Loop(reader, Turns(desk, line), line, shown, _profile)
    with contextlib.ExitStack() as held:
        with shown.drawing():
            line.open()  # while nobody reads keys: a login may have questions
        keys = held.enter_context(Keys()) if by_person and questions.can_type() else None
        if keys is not None:
            names = ", ".join(part.provider.name for part in first.parts)
            console.note(f"watching {names}; {KEYS}")
        code = loop.run(first, keys)
    if shown.kept:
        console.next_step("orchestrator report latest:watch")
    return code


def _profile() -> None:
    """An ordinary run of its own, whose Ctrl-C is not ours."""
    heard = signal.signal(signal.SIGINT, lambda number, frame: None)
    try:
        subprocess.run(as_profile(), check=False)
    finally:
        signal.signal(signal.SIGINT, heard)


def dry_run(session: Session, given: dict[str, Any]) -> int:
    """Print what the first turn would do."""
    as_json, name = given.pop("as_json"), given.pop("host")
    del given["accept_new_host_key"]
    host = session.host(name)
    now = Reader(session.root, asked(session, host, given, True).planned).read()
    look = "look at the host meanwhile, as doctor does; stop if it lacks what this run needs"
    turns = "start the process that stays warm; each turn goes through it"
    steps = (
        workflow.dry_sync(now.scan, host),
        DryStep(host.name, look, look_command(host, "<nonce>")),
        DryStep(host.name, turns, warm.command(host)),
    )
    return console.dry_run(steps, as_json, session.debug)
