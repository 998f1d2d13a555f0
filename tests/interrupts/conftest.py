"""Programs that hang in every place where we wait, and a person who presses Ctrl-C."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.ssh.server import SshServer
from tests.ssh.terminal import Terminal, on_terminal

REPOSITORY = Path(__file__).parents[2]
CURSOR = re.compile(r"\x1b\[\?25([lh])")
# Of the seconds that it may take, most are a loaded machine's.
AT_ONCE_S = 3.0


# What each of these signals raises in a command.
RAISES = pytest.mark.parametrize(
    ("number", "error"),
    [(signal.SIGINT, "KeyboardInterrupt"), (signal.SIGTERM, "EndedBySignal")],
    ids=["SIGINT", "SIGTERM"],
)


def environment(**more: str) -> dict[str, str]:
    return {"PYTHONPATH": str(REPOSITORY), **more}


def ran(program: str, *arguments: object, typed: str = "") -> subprocess.CompletedProcess[str]:
    """A program of Python's that uses ours, to its end."""
    return subprocess.run(
        [sys.executable, "-c", program, *map(str, arguments)],
        cwd=REPOSITORY,
        env={**os.environ, **environment()},
        input=typed,
        capture_output=True,
        text=True,
        check=False,
    )


@dataclass
class Desk:
    """A project without anything to compute, an inventory with the host `pod`, and a terminal."""

    root: Path
    home: Path
    facts: dict[str, object] = field(default_factory=dict)

    def describe(self, **facts: object) -> None:
        """Write the inventory, with what changed about the host."""
        self.facts.update(facts)
        lines = [f"      {k}: {json.dumps(v)}" for k, v in self.facts.items() if v is not None]
        text = "default: pod\nhosts:\n  pod:\n" + "\n".join(lines) + "\n"
        (self.root / "inventory.yaml").write_text(text)

    def on(self, server: SshServer, **changes: object) -> None:
        """The host is `server`, its key pinned."""
        self.describe(
            port=server.port,
            user=server.host().user,
            identity_file=str(server.keys.client),
            host_key=server.fingerprint,
            workspace=str(server.remote_home / f"workspace of {self.root.parent.name}"),
            python=sys.executable,
            **changes,
        )

    def ssh_config(self, text: str) -> None:
        place = self.home / ".ssh"
        place.mkdir(mode=0o700, exist_ok=True)
        (place / "config").write_text(text)

    @contextlib.contextmanager
    def types(self, *arguments: str, **more: str) -> Iterator[Terminal]:
        """The command line on a terminal of its own."""
        words = (sys.executable, "-m", "orchestrator", *arguments)
        with on_terminal(words, self.root, environment(**more)) as terminal:
            yield terminal


@pytest.fixture
def desk(tmp_path: Path, home: Path) -> Desk:
    root = tmp_path / "project"
    for part in ("csrc", "remote_payload"):
        (root / part).mkdir(parents=True)
    (root / "csrc" / "kernel.cu").write_text("// nothing to compile\n")
    made = Desk(root, home, {"transport": "ssh", "address": "127.0.0.1", "workspace": "~/w"})
    made.describe(port=1)
    return made


def interrupted(terminal: Terminal, times: int = 1, limit_s: float = AT_ONCE_S) -> str:
    """Press Ctrl-C and see that the program leaves in time and in order; what it said."""
    seen = len(terminal.shown)
    began = time.monotonic()
    for _ in range(times):
        terminal.press_ctrl_c()
        time.sleep(0.02)
    status = terminal.exit_status(60)
    took_s = time.monotonic() - began
    said = terminal.shown[seen:]
    assert status == 130, terminal.shown
    assert took_s < limit_s, f"{took_s:.1f} s:\n{terminal.shown}"
    assert "Traceback" not in terminal.shown
    assert "Exception ignored" not in terminal.shown
    assert terminal.echoes
    assert CURSOR.findall(terminal.shown)[-1:] in ([], ["h"])
    return said


class Mute:
    """A server on a loopback port that takes connections, says `greeting`, and no more."""

    def __init__(self, greeting: bytes = b"") -> None:
        self._greeting, self._ends = greeting, [socket.create_server(("127.0.0.1", 0))]
        self.port: int = self._ends[0].getsockname()[1]
        self.met = threading.Event()
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                near, _ = self._ends[0].accept()
                self._ends.append(near)
                near.sendall(self._greeting)
                self.met.set()

    def close(self) -> None:
        for end in self._ends:
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()


@pytest.fixture
def mute() -> Iterator[type[Mute]]:
    """Makes servers that say nothing more."""
    made: list[Mute] = []

    class Kept(Mute):
        def __init__(self, greeting: bytes = b"") -> None:
            super().__init__(greeting)
            made.append(self)

    yield Kept
    for each in made:
        each.close()
