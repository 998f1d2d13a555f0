"""The verb `doctor`, from the typed line to what is printed and the exit code."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from orchestrator.cli.session import Session
from orchestrator.cli.verbs.doctor import doctor
from orchestrator.errors import HostUnreachable, UsageError
from tests.cli.conftest import Project
from tests.ssh.link import LossyLink
from tests.ssh.server import SshServer

TOOLS = Path(__file__).parents[1] / "fixtures" / "doctor"


@dataclass(frozen=True)
class Line:
    level: str
    topic: str
    rest: str


def call(*words: str, color: bool = False) -> Result:
    session = Session(None, None, debug=False)
    return CliRunner().invoke(
        doctor, words, obj=session, standalone_mode=False, catch_exceptions=False, color=color
    )


def lines(result: Result) -> list[Line]:
    return [Line(*text.split(maxsplit=2)) for text in result.stdout.splitlines()]


def path_of(kind: str) -> dict[str, str]:
    return {"PATH": f"{TOOLS / kind}:/usr/local/bin:/usr/bin:/bin"}


def test_each_line_is_level_topic_and_what_was_found_in_columns(
    project: Project, sshd: SshServer
) -> None:
    project.add_ssh_host(sshd)
    result = call()
    assert {line.level for line in lines(result)} <= {"ok", "warn", "fail"}
    starts = {
        text.index(line.rest)
        for text, line in zip(result.stdout.splitlines(), lines(result), strict=True)
    }
    assert len(starts) == 1
    assert lines(result)[0].topic == "ssh"
    assert lines(result)[0].rest.startswith("direct SSH; connected in ")
    assert "\x1b" not in result.stdout
    assert call(color=True).stdout.startswith("\x1b[32mok  \x1b[0m  ssh")


def test_a_fit_host_leads_to_profile_and_exit_code_0(project: Project) -> None:
    # A torch that is only looked at, so that the test needs none.
    stub = project.root / "stub" / "torch"
    stub.mkdir(parents=True)
    (stub / "__init__.py").touch()
    (stub / "version.py").write_text("__version__ = '2.9.0'\ncuda = None\n")
    project.inventory(
        f"hosts:\n  local:\n    transport: local\n    workspace: {project.root.parent}\n"
        f"    env: {{PYTHONPATH: {stub.parent}}}\n"
    )
    result = call("local")
    assert ("torch", "2.9.0, built without CUDA") in [(x.topic, x.rest) for x in lines(result)]
    failed = [line for line in lines(result) if line.level == "fail"]
    assert failed == []
    assert result.return_value == 0
    assert result.stderr.endswith("next: orchestrator profile --host local\n")


def test_an_unfit_host_ends_with_its_first_mend_and_exit_code_4(
    project: Project, sshd: SshServer
) -> None:
    project.add_ssh_host(sshd, env=path_of("failing"))
    result = call("pod")
    failed = [line for line in lines(result) if line.level == "fail"]
    assert failed[0].topic == "gpu"
    assert result.return_value == 4
    mend = failed[0].rest.partition(" → ")[2]
    assert mend
    assert result.stderr.endswith(f"next: {mend}\n")


def test_json_is_one_document_with_facts_and_findings(project: Project, sshd: SshServer) -> None:
    project.add_ssh_host(sshd, env=path_of("h100"), gpu=1)
    result = call("--json", "--host", "pod")
    document = json.loads(result.stdout)
    assert set(document) == {"host", "fit", "reach", "facts", "findings"}
    assert document["facts"]["gpus"][0]["name"] == "NVIDIA H100 80GB HBM3"
    assert document["fit"] is False
    wrong = [one for one in document["findings"] if one["level"] == "fail"]
    assert [one["topic"] for one in wrong] == ["gpu"]
    assert wrong[0]["mend"] == "set `gpu: 0` for pod in the inventory"
    assert result.return_value == 4
    assert sshd.keys.client.name not in result.stdout
    assert "127.0.0.1" not in result.stdout


def test_what_the_driver_does_not_tell_is_no_all_clear_and_the_json_names_no_address(
    project: Project, sshd: SshServer
) -> None:
    project.add_ssh_host(sshd, env=path_of("masked"))
    found = {line.topic: line for line in lines(call("pod"))}
    assert found["gpu"].rest == "NVIDIA GB10"
    assert {found[topic].level for topic in ("idle", "ecc", "throttle")} == {"warn"}
    assert "memory in use is not told" in found["idle"].rest
    document = call("pod", "--json").stdout
    assert "hush-hush-hush" not in document
    assert "203.0.113.7" not in document
    assert "22042" not in document
    assert "python -c 'a<b &&" in document


def test_an_unreachable_host_is_an_error_with_exit_code_3(
    project: Project, sshd: SshServer
) -> None:
    link = LossyLink(sshd.port)
    link.close()
    project.add_ssh_host(sshd, port=link.port)
    with pytest.raises(HostUnreachable) as caught:
        call()
    assert caught.value.exit_code == 3


def test_two_different_hosts_at_once_are_refused(project: Project) -> None:
    with pytest.raises(UsageError, match="two hosts are named: a and b"):
        call("a", "--host", "b")
