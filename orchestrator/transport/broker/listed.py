"""The connections that are kept open to hosts of an inventory: who uses them, and their end."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from orchestrator.transport.broker.place import NoBroker, socket_of
from orchestrator.transport.broker.transport import told

_ANSWER_LIMIT_S = 3.0
_ENDED_LIMIT_S = 5.0
_POLL_S = 0.02


@dataclass(frozen=True)
class OpenTo:
    """One connection. user: as whom it is logged in. since_s: Unix time. left_s: until it ends;
    None while commands use it, from whose end on it stays for persist_s. pid: of the broker."""

    user: str
    since_s: float
    left_s: float | None
    persist_s: float
    commands: int
    pid: int

    @property
    def words(self) -> str:
        """For people, in local time."""
        since = time.strftime("%H:%M:%S", time.localtime(self.since_s))
        used = "1 command uses it" if self.commands == 1 else f"{self.commands} commands use it"
        if self.left_s is not None:
            until = time.strftime("%H:%M:%S", time.localtime(time.time() + self.left_s))
            used = f"unused until {until}"
        return f"connected as {self.user} since {since}, {used}"


def open_to(known_hosts: Path, names: Iterable[str]) -> dict[str, OpenTo]:
    """Those that are open now, by the host's name; known_hosts: of the inventory."""
    found = {}
    for name, place in _places(known_hosts, names):
        said = told(place, {"op": "status"}, _ANSWER_LIMIT_S)
        if one := _understood(said):
            found[name] = one
    return found


def _understood(said: Any) -> OpenTo | None:
    try:
        left_s = None if said["left_s"] is None else float(said["left_s"])
        since_s, persist_s = float(said["since_s"]), float(said["persist_s"])
        count, pid = len(said["used_by"]), int(said["pid"])
        return OpenTo(str(said["who"]), since_s, left_s, persist_s, count, pid)
    except (KeyError, TypeError, ValueError):  # none, or of another version
        return None


def end(known_hosts: Path, names: Iterable[str]) -> dict[str, int]:
    """End them; for each that was open, how many commands used it."""
    ended = {}
    for name, one in open_to(known_hosts, names).items():
        for _, place in _places(known_hosts, [name]):
            told(place, {"op": "end"}, _ANSWER_LIMIT_S)
        _wait_for_end(one.pid)
        ended[name] = one.commands
    return ended


def _wait_for_end(pid: int) -> None:
    """Until the process has ended; one that does not is told once more."""
    until = time.monotonic() + _ENDED_LIMIT_S
    try:
        while time.monotonic() < until:
            os.kill(pid, 0)
            time.sleep(_POLL_S)
        os.kill(pid, signal.SIGTERM)
    except OSError:  # there is no such process any more
        return


def _places(known_hosts: Path, names: Iterable[str]) -> Iterator[tuple[str, Path]]:
    for name in names:
        try:
            yield name, socket_of(known_hosts, name, make=False)
        except NoBroker:
            continue
