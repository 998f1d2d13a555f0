"""The day of a user, over a real sshd and with the real payload on the CPU."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.conftest import REPOSITORY, Project
from tests.golden import assert_golden
from tests.ssh.link import LossyLink
from tests.ssh.server import NOISY_LOGIN, WITH_SFTP, SshServer

SMALL = ("--batch", "1", "--seq", "160", "--heads", "1,2")
# Building for three architectures takes half a minute; these tests are about the path.
QUICK = (*SMALL, "--arch", "sm_90a", "--providers", "sdpa")
PROVIDERS = "tests/fixtures/providers"


def provider(target: str) -> str:
    return f"mine={REPOSITORY / PROVIDERS / target}"


def test_deploy_sends_all_then_nothing_then_the_one_file_that_changed(
    project: Project, sshd: SshServer
) -> None:
    project.add_ssh_host(sshd)
    first = project.orchestrator("deploy", "--no-build", "--json").json
    again = project.orchestrator("deploy", "--no-build", "--json").json
    (project.root / "csrc" / "new.cuh").write_text("// one more\n")
    changed = project.orchestrator("deploy", "--no-build")
    assert first["sent_files"] == first["files"] > 20
    assert (again["sent_files"], again["sent_bytes"]) == (0, 0)
    assert "sent 1 file," in changed.out
    (project.root / "csrc" / "new.cuh").unlink()
    back = project.orchestrator("deploy", "--no-build", "--json").json
    assert (back["snapshot"], back["sent_files"]) == (first["snapshot"], 0)


@pytest.mark.parametrize("behaviour", [WITH_SFTP, NOISY_LOGIN], ids=["with SFTP", "noisy login"])
def test_a_profile_over_ssh_measures_and_its_report_is_the_same_bytes_for_ever(
    project: Project, sshd_variant: Callable[..., SshServer], behaviour: tuple[str, ...]
) -> None:
    project.add_ssh_host(sshd_variant(*behaviour))
    made = project.orchestrator("profile", *QUICK, "--rounds", "6")
    assert made.code == 0, made.err
    path = Path(made.out.splitlines()[-1])
    text = path.read_bytes()
    # The network is gone: nothing below may need the host.
    project.add_ssh_host(sshd_variant(), port=1)
    for _ in range(2):
        assert project.orchestrator("report", "latest").code == 0
        assert path.read_bytes() == text
    result = json.loads((path.parent / "result.json").read_text())
    assert [record["status"] for record in result["checks"]] == ["ok", "ok"]
    assert {record["shape"]["heads"] for record in result["bench"]} == {1, 2}
    assert all(min(record["samples_us"]) > 0 for record in result["bench"])


def test_a_dry_run_prints_every_remote_command_opens_nothing_and_writes_nothing(
    project: Project,
) -> None:
    project.inventory(
        "default: pod\nhosts:\n  pod:\n    transport: ssh\n    address: 192.0.2.1\n"
        "    python: python\n"
    )
    before = project.files()
    outcome = project.orchestrator("profile", "--heads", "96", "--host", "pod", "--dry-run")
    assert outcome.code == 0
    assert project.files() == before
    steps = project.orchestrator(
        "profile", "--heads", "96", "--host", "pod", "--dry-run", "--json"
    ).json
    assert len(steps) == 5
    for step in steps:
        # What a reader sees, run by a shell, is what would be sent.
        assert step["command"].split("'")[-1] in outcome.out


def golden_form(text: str) -> str:
    """A dry run without what changes with every edit: the packed programs and the digest."""
    text = re.sub(r"(?m)^([A-Z]+)='.*$", r"\1='…'", text)
    text = re.sub(r"\b[0-9a-f]{64}\b", "<snapshot>", text)
    return re.sub(r"sync \d+ files, [\d,]+ bytes", "sync N files, N bytes", text)


def test_the_remote_command_lines_are_the_golden_ones(project: Project) -> None:
    project.inventory(
        "default: pod\nhosts:\n  pod:\n    transport: ssh\n    address: 192.0.2.1\n"
        "    python: /opt/my python/bin/python\n    workspace: /workspace/it's here\n    gpu: 3\n"
    )
    outcome = project.orchestrator("profile", "--heads", "96", "--dry-run")
    assert outcome.code == 0, outcome.err
    assert_golden("dry_run_profile.txt", golden_form(outcome.out))


def test_a_readable_dry_run_line_is_what_a_shell_would_make_of_it(project: Project) -> None:
    outcome = project.orchestrator("deploy", "--dry-run")
    assignment = next(line for line in outcome.out.splitlines() if line.startswith("RECEIVE="))
    script = f'{assignment}\nprintf %s "$RECEIVE"'
    carried = subprocess.run(["sh", "-c", script], capture_output=True, text=True, check=True)
    steps = project.orchestrator("deploy", "--dry-run", "--json").json
    assert carried.stdout in steps[0]["command"].replace("'\"'\"'", "'")


@pytest.mark.parametrize(
    ("target", "words"),
    [
        ("broken_rescale.py:attention", "outside"),
        ("misbehaving.py:raises", "raise"),
        ("misbehaving.py:returns_nan", "NaN"),
        ("misbehaving.py:wrong_shape", "shape"),
        ("misbehaving.py:hangs", "no result within 4 s"),
    ],
)
def test_a_provider_that_misbehaves_fails_the_gate_and_is_never_timed(
    project: Project, target: str, words: str
) -> None:
    outcome = project.orchestrator(
        "bench", *QUICK, "--provider", provider(target), "--case-limit", "4", "--json"
    )
    assert outcome.code == 1
    result = outcome.json["result"]
    mine = [record for record in result["checks"] if record["provider"] == "mine"]
    assert {record["status"] for record in mine} <= {"failed", "timeout"}
    assert mine
    assert result["bench"]
    assert all(row["provider"] != "mine" for row in result["bench"])
    report = Path(outcome.json["report"]).read_text()
    assert words.lower() in report.lower()


def test_without_a_gpu_our_kernel_is_checked_in_the_emulator_and_never_timed(
    project: Project,
) -> None:
    ours = (*SMALL, "--arch", "sm_90a", "--providers", "sparsek")
    checked = project.orchestrator("check", *ours)
    assert checked.code == 0, checked.err
    report = Path(checked.out.splitlines()[-1]).read_text()
    assert "| sparsek (emulated) |" in report
    timed = project.orchestrator("bench", *ours, "--json")
    assert timed.code == 4
    assert "never timed" in timed.err
    assert timed.json["result"]["bench"] == []


def test_a_run_survives_a_link_that_breaks_in_its_middle(
    project: Project, sshd: SshServer, lossy_link: Callable[..., LossyLink]
) -> None:
    link = lossy_link()
    project.add_ssh_host(sshd, port=link.port)
    import threading

    cut = threading.Timer(3.0, link.cut)
    cut.start()
    outcome = project.orchestrator("profile", *QUICK, "--rounds", "6")
    cut.join()
    assert outcome.code == 0, outcome.err
    assert "trying again" in outcome.err


def test_an_interrupted_download_is_finished_by_attach(project: Project) -> None:
    assert project.orchestrator("check", *QUICK).code == 0
    folder = next((project.root / "runs").iterdir())
    whole = (folder / "result.json").read_bytes()
    # As a laptop that died in the middle of the download leaves it.
    (folder / "result.json").unlink()
    (folder / "end.json").unlink()
    (folder / "result.json.partial").write_bytes(whole[:1000])
    assert "attach" in project.orchestrator("runs").out
    assert project.orchestrator("attach", "latest").code == 0
    assert (folder / "result.json").read_bytes() == whole
    assert not (folder / "result.json.partial").exists()


def test_runs_are_listed_shown_and_removed(project: Project) -> None:
    assert project.orchestrator("check", *QUICK).code == 0
    listed = project.orchestrator("runs", "--json").json
    assert [row["status"] for row in listed] == ["ok"]
    shown = project.orchestrator("runs", "show", "latest", "--json").json
    assert shown["result"]["status"] == "ok"
    assert "result.json" in shown["files"]
    assert project.orchestrator("runs", "rm", "latest", "--yes").code == 0
    assert project.orchestrator("runs", "--json").json == []


def test_the_shell_command_itself_starts_and_help_imports_nothing_heavy() -> None:
    probe = (
        "import sys; from orchestrator.cli.app import run; code = run(['--help'])\n"
        "heavy = {'fabric', 'paramiko', 'torch', 'matplotlib', 'rich', 'pydantic', 'jinja2'}\n"
        "sys.exit(code or sorted(heavy & set(sys.modules)) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "profile" in done.stdout
