"""One configuration of ssh, followed by OpenSSH and by us."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from orchestrator.errors import OrchestratorError
from orchestrator.transport.connect import Trust, connect
from orchestrator.values.command import Command
from orchestrator.values.host import Host, TransportKind
from tests.ssh.side_by_side import Configuration, World


@dataclass(frozen=True)
class Outcome:
    """Where one ended up (the server's HOME, or ""), the logins at each server, and the words."""

    reached: str
    logins: tuple[int, ...]
    said: str


def write(world: World, made: Configuration) -> None:
    """Make it the user's own."""
    (world.home / "more.conf").unlink(missing_ok=True)
    for place, text in made.files.items():
        Path(place).write_text(text)
    world.config.write_text(made.text)
    world.config.chmod(0o600)


def _counted(world: World, reach: Callable[[], tuple[str, str]]) -> Outcome:
    before = world.logins()
    reached, said = reach()
    spent = (now - then for now, then in zip(world.logins(), before, strict=True))
    return Outcome(reached, tuple(spent), said)


def by_openssh(world: World, made: Configuration) -> Outcome:
    """What `ssh -F config host` does."""

    def reach() -> tuple[str, str]:
        words = ["ssh", "-F", str(world.config), made.host, "printenv HOME"]
        with subprocess.Popen(
            words,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        ) as process:
            try:
                out, said = process.communicate(timeout=60)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                raise
        return out.strip() if process.returncode == 0 else "", said.strip()

    return _counted(world, reach)


def by_us(world: World, made: Configuration) -> Outcome:
    """What we do, where nobody can be asked."""
    host = Host("pod", TransportKind.SSH, "~/w", "python3", address=made.host)

    def reach() -> tuple[str, str]:
        try:
            with connect(host, Trust(world.home / "ours", passphrase=None)) as transport:
                done = transport.run(Command(("printenv", "HOME")))
        except OrchestratorError as error:
            return "", error.message
        return done.stdout.decode().strip(), ""

    return _counted(world, reach)
