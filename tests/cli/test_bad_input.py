"""Every way to ask for the wrong thing ends with its exit code, one clear message, no traceback."""

from __future__ import annotations

import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.cli.conftest import Outcome, Project
from tests.disks import mounted
from tests.ssh.server import NO_PYTHON, PASSWORD_ONLY, SshServer

USAGE, UNREACHABLE, UNFIT = 2, 3, 4


def assert_clear(outcome: Outcome, code: int, *words: str) -> None:
    assert outcome.code == code, outcome.err
    assert "Traceback" not in outcome.err + outcome.out
    for word in words:
        assert word in outcome.err, outcome.err
    assert outcome.out == ""


def test_an_unknown_host_is_named_with_the_known_ones(project: Project) -> None:
    assert_clear(project.orchestrator("deploy", "--host", "locla"), USAGE, "locla", "local")


def test_an_unknown_inventory_key_is_named_with_file_line_and_key(project: Project) -> None:
    project.inventory("default: local\nhosts:\n  local:\n    transport: local\n    prot: 22\n")
    assert_clear(project.orchestrator("deploy"), USAGE, "inventory.yaml:5", "prot", "port")


def test_a_missing_environment_variable_is_named(project: Project) -> None:
    project.inventory(
        "default: pod\nhosts:\n  pod:\n    transport: ssh\n    address: ${NO_SUCH_IP}\n"
    )
    assert_clear(project.orchestrator("deploy"), USAGE, "NO_SUCH_IP", "inventory.yaml:5")


def test_the_proxy_address_is_refused_with_the_way_out(project: Project) -> None:
    project.inventory(
        "default: pod\nhosts:\n  pod:\n    transport: ssh\n    address: ssh.runpod.io\n"
    )
    assert_clear(project.orchestrator("deploy"), USAGE, "ssh.runpod.io", "TCP")


def test_no_inventory_anywhere_is_said_so(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path / "empty")
    said = project.orchestrator("deploy", "--host", "h100")
    assert_clear(said, USAGE, "inventory.yaml", "h100", "only local")


def test_an_unreachable_port_is_unreachable(project: Project) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        project.inventory(
            "default: pod\nhosts:\n  pod:\n    transport: ssh\n    address: 127.0.0.1\n"
            f"    port: {unused.getsockname()[1]}\n"
        )
        assert_clear(
            project.orchestrator("deploy"), UNREACHABLE, "127.0.0.1", "refuses connections"
        )


def test_a_key_the_server_does_not_take_is_unreachable(
    project: Project, sshd_variant: Callable[..., SshServer]
) -> None:
    project.add_ssh_host(sshd_variant(*PASSWORD_ONLY))
    assert_clear(project.orchestrator("deploy"), UNREACHABLE, "pod")


def test_an_unknown_host_key_is_refused_off_a_terminal(project: Project, sshd: SshServer) -> None:
    project.add_ssh_host(sshd, host_key=None)
    outcome = project.orchestrator("deploy", "--no-build")
    assert_clear(outcome, UNREACHABLE, sshd.fingerprint, "--accept-new-host-key")


def test_a_changed_host_key_is_refused_with_both_fingerprints(
    project: Project, sshd_variant: Callable[..., SshServer]
) -> None:
    server = sshd_variant()
    project.add_ssh_host(server, host_key=None)
    assert project.orchestrator("deploy", "--no-build", "--accept-new-host-key").code == 0
    impostor = sshd_variant(host_key=server.keys.other_host)
    project.add_ssh_host(impostor, host_key=None)
    outcome = project.orchestrator("deploy", "--no-build", "--accept-new-host-key")
    assert_clear(outcome, UNREACHABLE, server.fingerprint, impostor.fingerprint, "hosts trust pod")


@pytest.fixture
def tiny_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 200 KB, and nobody else's files on it."""
    with mounted(tmp_path / "tiny", "size=200k") as place:
        yield place


def test_a_full_disk_on_the_host_is_an_unfit_host(
    project: Project, sshd: SshServer, tiny_disk: Path
) -> None:
    project.add_ssh_host(sshd, workspace=str(tiny_disk))
    assert_clear(project.orchestrator("deploy"), UNFIT, "no space left", "workspace")
    assert not list(tiny_disk.glob("snapshots/[0-9a-f]*"))


def test_a_host_without_python_is_unfit(
    project: Project, sshd_variant: Callable[..., SshServer]
) -> None:
    project.add_ssh_host(sshd_variant(*NO_PYTHON), python=None)
    assert_clear(project.orchestrator("deploy"), UNFIT, "python3", "python:")


def test_a_host_without_torch_is_unfit_and_nothing_is_started(
    project: Project, sshd: SshServer, tmp_path: Path
) -> None:
    bare = tmp_path / "bare"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(bare)], check=True)
    project.add_ssh_host(sshd, python=str(bare / "bin" / "python"))
    outcome = project.orchestrator("check", "--heads", "1")
    assert outcome.code == UNFIT
    assert "torch" in outcome.err
    assert "Traceback" not in outcome.err
    assert project.orchestrator("runs", "--json").json == []


@pytest.mark.parametrize(
    "arguments",
    [
        ("--heads", "0"),
        ("--heads", "x"),
        ("--heads", "8,,16"),
        ("--heads", "-8"),
        ("--heads", "8,8"),
        ("--heads", "٣"),
        ("--dim", "257"),
        ("--seq", "0"),
        ("--batch", "-1"),
        ("--dtype", "fp8"),
        ("--providers", "spda"),
        ("--provider", "nonsense"),
        ("--provider", "sdpa=mine.py:f"),
        ("--provider", "mine=not_there.py:f"),
        ("--arch", "hopper"),
        ("--rounds", "0"),
        ("--starts", "0"),
        ("--starts", "1025"),
        ("--precision", "30%"),
        ("--nonsense",),
    ],
    ids=" ".join,
)
def test_options_that_make_no_sense_are_usage_errors(
    project: Project, arguments: tuple[str, ...]
) -> None:
    before = project.files()
    assert_clear(project.orchestrator("bench", *arguments), USAGE)
    assert project.files() == before


def test_a_mistyped_command_gets_a_suggestion(project: Project) -> None:
    assert_clear(project.orchestrator("profil"), USAGE, "profile")


@pytest.mark.parametrize("verb", ["report", "attach", "cancel"])
def test_a_run_that_is_not_there_is_said_so(project: Project, verb: str) -> None:
    assert_clear(project.orchestrator(verb, "20200101"), USAGE, "no runs")


def test_a_toolkit_that_is_named_and_not_there_is_an_unfit_host(project: Project) -> None:
    """Nothing was said of the source, so no gate has failed; a check does not even begin."""
    words = "transport: local, workspace: ~/missing, cuda_home: /opt/gone"
    project.inventory(f"hosts: {{here: {{{words}}}}}\n")
    deployed = project.orchestrator("deploy", "--arch", "sm_80")
    assert deployed.code == UNFIT
    assert "build failed: CUDA_HOME=/opt/gone has no bin/nvcc" in deployed.out
    assert "next: orchestrator doctor here" in deployed.err
    before = project.orchestrator("runs", "--json").json
    checked = project.orchestrator("check", "--heads", "1", "--device", "cpu")
    assert_clear(checked, UNFIT, "it holds no bin/nvcc", "correct `cuda_home:` for here")
    assert project.orchestrator("runs", "--json").json == before
