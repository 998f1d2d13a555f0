"""A person who edits a kernel, at a terminal; its host is an sshd, a link away."""

from __future__ import annotations

import json
import os
import re
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.cli.conftest import REPOSITORY, builds, copy_sources
from tests.ssh.link import LossyLink
from tests.ssh.server import SshServer
from tests.ssh.terminal import Terminal, on_terminal

__all__ = ["Desk", "builds", "desk"]

OPERATOR = """
import torch
axes = {"M": 4, "N": 8}
dtypes = ["fp32"]
def inputs(M, N, dtype, generator): return torch.randn(M, N, dtype=dtype, generator=generator)
def reference(x): return torch.softmax(x, -1)
"""
ASKED = (
    *("--operator", "op.py", "--provider", "mine=k/mine.py:soft"),
    *("--without", "reference", "--budget", "1"),
)
# Wherever the cursor goes up, or a line is wiped out, another line begins.
_ANEW, _COLOURS = re.compile(r"\r|\x1b\[[0-9]*[AK]"), re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
_BAR = "━"


def kernel(sleeps_ms: float = 4.0, more: str = "") -> str:
    """A provider that takes so long."""
    return (
        "import time, torch\n"
        "def soft(x):\n"
        f"    time.sleep({sleeps_ms / 1000})\n"
        f"    return torch.softmax(x, -1){more}\n"
    )


@dataclass
class Desk:
    """root: a folder of a person's own, with an inventory; runs lie in it, too."""

    root: Path
    project: Path
    facts: dict[str, object] = field(default_factory=dict)

    def save(self, text: str, name: str = "mine.py") -> None:
        """As most editors do: a file beside it takes its place."""
        beside = self.root / "k" / f".{name}.new~"
        beside.write_text(text)
        beside.replace(self.root / "k" / name)

    def reach_by(self, link: LossyLink | None = None, **facts: object) -> None:
        """Write the inventory, with what changed about the host."""
        self.facts.update({"port": link.port} if link else {}, **facts)
        lines = [f"      {key}: {json.dumps(value)}" for key, value in self.facts.items()]
        text = "default: pod\nhosts:\n  pod:\n" + "\n".join(lines) + "\n"
        (self.root / "inventory.yaml").write_text(text)

    @property
    def words(self) -> tuple[str, ...]:
        return (sys.executable, "-m", "orchestrator", "watch", *ASKED)

    @contextmanager
    def watching(self) -> Iterator[Terminal]:
        env = {"PYTHONPATH": str(REPOSITORY)}
        with on_terminal(self.words, self.root, env, whole=True) as terminal:
            yield terminal

    @property
    def turns(self) -> list[Path]:
        """What is kept."""
        return sorted((self.root / "runs").glob("*-watch*"))


def seen(terminal: Terminal) -> str:
    """What is shown, without its colours and moves, and without bars."""
    lines = _COLOURS.sub("", _ANEW.sub("\n", terminal.shown)).splitlines()
    return "\n".join(line for line in lines if line and _BAR not in line)


def until(terminal: Terminal, part: str, limit_s: float = 60.0) -> str:
    """Wait for a line with `part` among what is shown."""
    return _line(terminal, repr(part), lambda line: part in line, limit_s)


def told(terminal: Terminal, turn: int, limit_s: float = 60.0) -> str:
    """The line of a turn, once it is there."""
    head = f"{turn:>3} "
    return _line(terminal, f"turn {turn}", lambda line: line.startswith(head), limit_s)


def _line(terminal: Terminal, what: str, fits: Callable[[str], bool], limit_s: float) -> str:
    deadline = time.monotonic() + limit_s
    while True:
        shown = seen(terminal)
        if (found := next(filter(fits, shown.splitlines()), None)) is not None:
            return found
        assert time.monotonic() < deadline, f"{what} never came:\n{shown}"
        terminal.read_for(0.1)


@pytest.fixture
def desk(tmp_path: Path, sshd: SshServer) -> Desk:
    root = tmp_path / "of a person"
    (root / "k").mkdir(parents=True)
    (root / "op.py").write_text(OPERATOR)
    (root / "k" / "mine.py").write_text(kernel())
    copy_sources(root)
    made = Desk(root, root)
    made.reach_by(
        transport="ssh",
        address="127.0.0.1",
        port=sshd.port,
        user=sshd.host().user,
        identity_file=str(sshd.keys.client),
        host_key=sshd.fingerprint,
        workspace=str(sshd.remote_home / f"workspace of {os.getpid()} {tmp_path.name}"),
        python=sys.executable,
        env={"OMP_NUM_THREADS": "1"},
    )
    return made
