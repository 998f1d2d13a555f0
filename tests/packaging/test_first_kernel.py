"""docs/first-kernel.md is true: its commands run, one after the other, from an empty folder."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest

from tests.packaging.conftest import REPOSITORY, Installed
from tests.ssh.server import SshServer

PAGE = (REPOSITORY / "docs" / "first-kernel.md").read_text()
COMMANDS = re.findall(r"^\$ (.+)$", PAGE, re.MULTILINE)
FILES = re.findall(r"<!-- (\S+) -->\n```python\n(.*?)```", PAGE, re.DOTALL)
# Shown, and the same on every machine.
LINES = re.findall(r"^((?:wrote|next: orchestrator profile) .+)$", PAGE, re.MULTILINE)


def test_it_takes_at_most_six_commands_and_one_edit() -> None:
    assert COMMANDS[0].startswith("pip install")
    assert len(COMMANDS) <= 6
    assert len(FILES) == 1


def test_its_commands_lead_to_a_report_on_a_kernel_of_ones_own_here_and_by_ssh(
    installed: Installed, tmp_path: Path, sshd: SshServer
) -> None:
    """pip has installed the wheel; the server has a port, a key and a user of its own."""
    pytest.importorskip("torch")
    here = {"2222": str(sshd.port), "~/.ssh/id_ed25519": str(sshd.keys.client)}
    here["me@"] = f"{sshd.host().user}@"
    path = f"{installed.bin}{os.pathsep}{os.environ['PATH']}"
    said = ""
    for command in COMMANDS[1:]:
        for shown, real in here.items():
            command = command.replace(shown, real)
        done = subprocess.run(
            command,
            shell=True,
            cwd=tmp_path,
            env={**os.environ, "PATH": path},
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
            check=False,
        )
        assert done.returncode == 0, f"{command}\n{done.stderr}"
        said = done.stdout + done.stderr
        if command == "orchestrator init":
            assert said.splitlines() == LINES
            ((name, text),) = FILES
            assert (tmp_path / name).is_file()
            (tmp_path / name).write_text(text)
    report = Path(re.findall(r"^/.+/report\.md$", said, re.MULTILINE)[-1]).read_text()
    assert re.search(
        r"^\| mine \| .*/my_softmax\.py:my_softmax, .* \| ok \| ", report, re.MULTILINE
    )
    assert len(list((tmp_path / "runs").glob("[!.]*"))) == 2
    assert not (tmp_path / "csrc").exists()
