"""A run's folder, and all that commands print of it, may be shown to strangers."""

from __future__ import annotations

import getpass
import re
import socket
from pathlib import Path

import pytest

from orchestrator.errors import ExitCode
from tests.cli.conftest import Project
from tests.cli.quick import quick_payload
from tests.ssh.server import SshServer

SECRET = "a-value-that-no-pattern-would-know"
API_KEY = "rpa_0123456789abcdefghij"
# Real facts of the machine, and a timing, so that every part of a report has something to show.
MEASURES = """
from remote_payload.machine import machine
answer(machine=machine.look())
print("measured")
"""


@pytest.fixture
def measured(project: Project, sshd: SshServer, monkeypatch: pytest.MonkeyPatch) -> Project:
    """A project whose host has an address, a port, a key file and a secret in its environment."""
    monkeypatch.setenv("RUNPOD_API_KEY", API_KEY)
    project.add_ssh_host(sshd, env={"HF_TOKEN": SECRET})
    quick_payload(project.root, MEASURES)
    return project


def private(sshd: SshServer, home: Path) -> dict[str, str]:
    """What must not be found → the pattern that finds it."""
    key = sshd.keys.client.read_text().splitlines()[1]
    return {
        "the address": r"127\.0\.0\.1",
        "the port": rf"(?i)(:|port\W{{0,3}}){sshd.port}\b",
        "the user": rf"\b{re.escape(getpass.getuser())}@",
        "the path of the key": re.escape(str(sshd.keys.client)),
        "the key itself": re.escape(key),
        "the home folder": re.escape(str(home)),
        "a secret of the host's environment": re.escape(SECRET),
        "the API key": re.escape(API_KEY),
        "the machine's name": rf"\b{re.escape(socket.gethostname())}\b",
        "the host key": re.escape(sshd.fingerprint),
    }


def found(text: str, patterns: dict[str, str]) -> list[str]:
    return [what for what, pattern in patterns.items() if re.search(pattern, text)]


def test_a_run_directory_holds_nothing_that_leads_to_the_host_or_its_user(
    measured: Project, sshd: SshServer, home: Path
) -> None:
    assert measured.orchestrator("profile", "--host", "pod").code == ExitCode.OK
    (folder,) = (measured.root / "runs").glob("[!.]*")
    files = [path for path in folder.rglob("*") if path.is_file()]
    assert {path.name for path in files} >= {"run.json", "result.json", "report.md", "log.txt"}
    for path in files:
        text = path.read_bytes().decode("utf-8", "replace")
        assert not found(text, private(sshd, home)), path.name


@pytest.mark.parametrize(
    "words",
    [
        ("profile", "--host", "pod"),
        ("profile", "--host", "pod", "--json"),
        ("runs",),
        ("runs", "--host", "pod"),
        ("runs", "--host", "pod", "--json"),
        ("runs", "show", "latest"),
        ("runs", "show", "latest", "--json"),
        ("report", "latest"),
        ("logs", "latest"),
        ("--debug", "logs", "latest", "-f"),
        ("--debug", "profile", "--host", "pod"),
        ("profile", "--host", "pod", "--dry-run"),
    ],
    ids=" ".join,
)
def test_no_command_about_a_run_prints_what_leads_to_the_host_or_its_user(
    measured: Project, sshd: SshServer, home: Path, words: tuple[str, ...]
) -> None:
    assert measured.orchestrator("profile", "--host", "pod").code == ExitCode.OK
    done = measured.orchestrator(*words)
    assert done.code == ExitCode.OK, done.err
    assert done.out
    assert not found(done.out + done.err, private(sshd, home))


def test_a_secret_of_the_inventory_is_in_the_jobs_environment_and_in_no_command_line(
    measured: Project,
) -> None:
    quick_payload(
        measured.root,
        "import os\n"
        "assert os.environ['HF_TOKEN']\n"
        "for entry in Path('/proc').glob('[0-9]*/cmdline'):\n"
        "    try:\n"
        "        words = entry.read_bytes()\n"
        "    except OSError:\n"
        "        continue\n"
        "    assert os.environ['HF_TOKEN'].encode() not in words, words\n"
        "answer()\n",
    )
    done = measured.orchestrator("check", "--host", "pod")
    assert done.code == ExitCode.OK, done.err


def test_a_payload_that_prints_its_environment_is_shown_without_its_secrets(
    measured: Project, sshd: SshServer
) -> None:
    quick_payload(measured.root, "import os\nprint(dict(os.environ))\nanswer()\n")
    assert measured.orchestrator("check", "--host", "pod").code == ExitCode.OK
    for words in (("logs",), ("logs", "-f"), ("logs", "--host", "pod")):
        shown = measured.orchestrator(*words)
        assert "HF_TOKEN" in shown.out
        assert SECRET not in shown.out + shown.err
        assert "127.0.0.1" not in shown.out + shown.err


HOSTILE = "{{ 7 * 7 }} {% include '/etc/passwd' %} {{ ''.__class__ }} <script>x</script> \x1b[2J"


def test_template_syntax_from_a_host_is_text_in_the_report(
    measured: Project, tmp_path: Path
) -> None:
    quick_payload(measured.root, f"answer(Status.FAILED, {HOSTILE!r})\n")
    done = measured.orchestrator("profile", "--host", "pod")
    assert done.code == ExitCode.GATE_FAILED
    report = Path(done.out.splitlines()[-1]).read_text()
    title, _, lead, *_ = report.splitlines()
    assert "{{ 7 * 7 }}" in title, "a star between blanks is no structure"
    assert "49" not in title + lead
    assert "<script" not in report
    assert "root:" not in report
    assert "<script>" not in report
    assert "\x1b" not in report + done.out + done.err
    assert "\x1b" not in measured.orchestrator("runs").out


def test_the_jobs_of_a_host_are_readable_by_its_user_alone(
    measured: Project, sshd: SshServer
) -> None:
    assert measured.orchestrator("check", "--host", "pod").code == ExitCode.OK
    (jobs,) = sshd.remote_home.glob(f"workspace of {measured.root.parent.name}/jobs")
    for folder in jobs.iterdir():
        assert folder.stat().st_mode & 0o077 == 0
