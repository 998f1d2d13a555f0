"""`hosts add` with the ssh command that a cloud prints."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from ruamel.yaml import YAML

from orchestrator.cli.session import Session
from orchestrator.cli.verbs.hosts.listing import hosts
from orchestrator.errors import InventoryError, UsageError


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def call(*words: str) -> Result:
    session = Session(None, None, debug=False)
    return CliRunner().invoke(hosts, ["add", *words], obj=session, catch_exceptions=False)


def written(project: Path, name: str = "h100") -> dict[str, object]:
    return dict(YAML(typ="safe").load(project / "inventory.yaml")["hosts"][name])


POD = {"transport": "ssh", "address": "194.68.245.1", "port": 22042, "user": "root"}
AT_HOME = {"identity_file": "~/.ssh/id_ed25519"}


@pytest.mark.parametrize(
    ("line", "entry"),
    [
        ("ssh root@194.68.245.1 -p 22042 -i ~/.ssh/id_ed25519", POD | AT_HOME),
        ("ssh -p22042 -i ~/.ssh/id_ed25519 -l root 194.68.245.1", POD | AT_HOME),
        ("ssh -oPort=22042 -o 'User root' 194.68.245.1 -o IdentityFile=~/.ssh/id_ed25519", POD | AT_HOME),
        ("ssh://root@194.68.245.1:22042", POD),
        ("ssh ssh://root@194.68.245.1:22042", POD),
        ("ssh ubuntu@203.0.113.9", {"transport": "ssh", "address": "203.0.113.9", "user": "ubuntu"}),
        ("ssh root@[2001:db8::7] -p 22042", POD | {"address": "2001:db8::7"}),
        ("ssh ssh://root@[2001:db8::7]:22042", POD | {"address": "2001:db8::7"}),
        ("ssh root@2001:db8::7 -p 22042", POD | {"address": "2001:db8::7"}),
    ],
)  # fmt: skip
@pytest.mark.parametrize("quoted", [True, False], ids=["one word", "words"])
def test_the_command_of_a_cloud_becomes_an_entry(
    line: str, entry: dict[str, object], quoted: bool, project: Path
) -> None:
    words = [line] if quoted else shlex.split(line)
    result = call("h100", *words, "--workspace", "/workspace/bsk")
    assert result.exit_code == 0, result.output
    assert written(project) == entry | {"workspace": "/workspace/bsk"}
    assert result.stderr.endswith(" orchestrator deploy --host h100\n")


def test_a_line_with_variables_keeps_them(project: Path) -> None:
    call("h100", "ssh root@${POD_IP} -p ${POD_PORT}")
    assert written(project) == POD | {"address": "${POD_IP}", "port": "${POD_PORT}"}


def test_a_key_file_is_meant_from_where_one_stands(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (project / "below").mkdir()
    (project / "inventory.yaml").write_text("hosts:\n  here:\n    transport: local\n")
    monkeypatch.chdir(project / "below")
    call("h100", "ssh", "root@203.0.113.9", "-i", "key.pem")
    assert written(project)["identity_file"] == str(project / "below" / "key.pem")


def test_what_is_about_one_session_is_named_as_not_kept(project: Path) -> None:
    result = call(
        "h100", "ssh", "-p", "22042", "root@ssh4.vast.ai", "-L", "8080:localhost:8080", "-Nt",
        "-o", "StrictHostKeyChecking=no",
    )  # fmt: skip
    assert written(project) == POD | {"address": "ssh4.vast.ai"}
    kept_out = "-L 8080:localhost:8080, -N, -t, -o StrictHostKeyChecking=no"
    assert f"not kept, as it is about one session: {kept_out}\n" in result.stderr


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("ssh -J gate root@203.0.113.9", "-J gate, which the inventory cannot keep"),
        ("ssh -F other root@203.0.113.9", "-F other, which the inventory cannot keep"),
        ("ssh root@203.0.113.9 -o ProxyCommand=x", "-o ProxyCommand=x, which the inventory cannot"),
        ("ssh root@203.0.113.9 -o NotAnOption=x", "-o NotAnOption=x, which the inventory cannot"),
        ("ssh root@203.0.113.9 -Z", "-Z, which we do not understand"),
        ("ssh root@203.0.113.9 -p", "ends after -p, which takes a value"),
        ("ssh root@203.0.113.9 nvidia-smi", "'nvidia-smi' would be a command for the host"),
        ("ssh -p 22042", "names no host"),
        ("ssh root@203.0.113.9 -p 1 -o Port=2", "gives port twice: 1 and 2"),
        ("ssh root@203.0.113.9 -p 1 --port 2", "port is given twice: 1, and --port 2"),
        ("ssh root@203.0.113.9 --pod abc", "exactly one of --address, --pod and --local"),
        ("ssh podid123-6441103b@ssh.runpod.io -i ~/.ssh/id_ed25519", "no exec without a terminal"),
    ],
)  # fmt: skip
def test_what_cannot_be_kept_is_refused_by_name(line: str, said: str, project: Path) -> None:
    with pytest.raises(UsageError) as caught:
        call("h100", *line.split())
    assert said in caught.value.message
    assert caught.value.hint
    assert not (project / "inventory.yaml").exists()


def test_the_proxy_of_runpod_names_the_pod_that_can_be_added_instead() -> None:
    with pytest.raises(UsageError) as caught:
        call("h100", "ssh podid123-6441103b@ssh.runpod.io -i ~/.ssh/id_ed25519")
    assert "orchestrator hosts add h100 --pod podid123" in caught.value.hint


def test_a_line_whose_quote_has_no_end_is_no_bug_of_ours(project: Path) -> None:
    with pytest.raises(UsageError, match="cannot be taken apart: no closing quotation"):
        call("h100", "ssh root@203.0.113.9 -i '~/my key")
    assert not (project / "inventory.yaml").exists()


@pytest.mark.parametrize(
    "words",
    [
        ("ssh", "root@203.0.113.9", "-p", "22042"),
        ("ssh", "-p", "22042", "root@203.0.113.9"),
        ("ssh root@203.0.113.9 -p 22042",),
        ("ssh://root@203.0.113.9:22042",),
    ],
)
def test_a_line_without_a_name_before_it_is_asked_for_one(
    words: tuple[str, ...], project: Path
) -> None:
    with pytest.raises(UsageError, match="no name yet") as caught:
        call(*words)
    assert caught.value.hint == "orchestrator hosts add h100 ssh USER@HOST -p PORT"
    assert not (project / "inventory.yaml").exists()


def test_what_is_not_usable_yet_is_mended_first(project: Path) -> None:
    result = call("h100", "ssh", "root@203.0.113.9", "-i", "missing.pem")
    assert "not usable yet: hosts.h100.identity_file: no such file" in result.stderr
    assert result.stderr.endswith("next: mend that, then: orchestrator deploy --host h100\n")


@pytest.mark.parametrize("name", ["k3j5h2gqfzd6s7", "gpu17.acme.com", "ip-10-0-0-5"])
def test_a_name_that_is_hidden_from_strangers_is_said_to_be(name: str, project: Path) -> None:
    assert "looks like a machine's own name" in call(name, "ssh", "root@203.0.113.9").stderr
    assert "own name" not in call("h100", "ssh", "root@203.0.113.9").stderr


def test_a_port_that_is_none_is_refused_as_everywhere(project: Path) -> None:
    with pytest.raises(InventoryError, match=r"hosts\.h100\.port: expected a port number"):
        call("h100", "ssh", "root@203.0.113.9", "-p", "99999")


def test_a_host_may_be_called_ssh(project: Path) -> None:
    call("ssh", "--address", "203.0.113.9")
    assert written(project, "ssh")["address"] == "203.0.113.9"
    (project / "inventory.yaml").unlink()
    call("ssh", "ssh", "root@203.0.113.9")
    assert written(project, "ssh")["address"] == "203.0.113.9"


@pytest.mark.parametrize(
    ("address", "entry"),
    [
        ("[::1]", {"address": "::1"}),
        ("[::1]:2222", {"address": "::1", "port": 2222}),
        ("me@[fe80::1%eth0]:22", {"address": "fe80::1%eth0", "port": 22, "user": "me"}),
    ],
)
def test_an_address_in_brackets_is_taken_apart(
    address: str, entry: dict[str, object], project: Path
) -> None:
    result = call("h100", "--address", address)
    assert written(project) == {"transport": "ssh"} | entry
    assert ("[" in result.stdout) == ("port" in entry)
