"""--debug output is made to be sent to others: no address, key or folder of the user in it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from orchestrator.cli.screen import console
from tests.cli.conftest import REPOSITORY, Project
from tests.cli.quick import quick_payload
from tests.ssh.server import SshServer

TOKEN = "a-word-that-no-pattern-knows"


def debug(project: Project, *words: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY), "MY_TOKEN": TOKEN}
    return subprocess.run(
        [sys.executable, "-m", "orchestrator", "--debug", *words],
        cwd=project.root,
        env=environment,
        capture_output=True,
        text=True,
    )


def test_a_traceback_names_no_address_port_or_key_file(
    project: Project, sshd: SshServer, home: Path
) -> None:
    project.add_ssh_host(sshd, port=1, identity_file=str(sshd.keys.client))
    done = debug(project, "deploy", "--no-build")
    assert done.returncode == 3
    assert "Traceback" in done.stderr
    assert "HostUnreachable" in done.stderr
    for private in ("127.0.0.1", str(sshd.keys.client), str(home), f"{sshd.host().user}@"):
        assert private not in done.stderr


def test_a_machines_name_in_the_inventory_is_hidden_too(project: Project) -> None:
    project.inventory(
        "default: pod\nhosts:\n  pod: {transport: ssh, address: gpu.corp.invalid, python: python}\n"
    )
    done = debug(project, "deploy", "--no-build")
    assert done.returncode == 3
    assert "cannot be resolved" in done.stderr or "cannot be reached" in done.stderr
    assert "gpu.corp.invalid" not in done.stderr


def test_the_jobs_log_is_shown_without_what_it_says_of_keys_and_addresses(
    project: Project, sshd: SshServer
) -> None:
    project.add_ssh_host(sshd)
    quick_payload(
        project.root,
        f"print('I see {TOKEN}, root@198.51.100.7:22 and \\x1b[2J')\nprint('kept')\nanswer()\n",
    )
    done = debug(project, "check")
    assert done.returncode == 0, done.stderr
    assert "I see ***, (address) and \\x1b[2J" in done.stderr
    assert "kept" in done.stderr
    assert TOKEN not in done.stdout + done.stderr


def test_trace_itself_is_discreet(capsys: pytest.CaptureFixture[str]) -> None:
    try:
        raise OSError("cannot reach 203.0.113.7:22\x1b[2J")
    except OSError:
        console.trace()
    said = capsys.readouterr().err
    assert "cannot reach (address)\\x1b[2J" in said
