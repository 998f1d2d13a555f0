"""The verb `hosts`, from the typed line to what is printed and written."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from orchestrator.cli.session import Session
from orchestrator.cli.verbs.hosts.listing import hosts
from orchestrator.errors import InventoryError, UsageError
from orchestrator.transport.login.known_hosts import HostKey, keys_of, remember

TEXT = """\
default: local
hosts:
  local:
    transport: local
    python: /opt/venv/bin/python
    env: {HF_TOKEN: hunter2, NAME: plain}
  pod:
    transport: ssh
    address: ${POD_IP}
    port: 10022
"""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "inventory.yaml").write_text(TEXT)
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("POD_IP", raising=False)
    return tmp_path


def call(*words: str, inventory: Path | None = None) -> Result:
    session = Session(inventory, None, debug=False)
    return CliRunner().invoke(hosts, words, obj=session, catch_exceptions=False)


@pytest.mark.parametrize("words", [(), ("list",)])
def test_the_listing_marks_the_default_and_tells_what_is_missing(
    project: Path, words: tuple[str, ...]
) -> None:
    result = call(*words)
    assert result.stdout == (
        "* local  local  this machine\n"
        "  pod    ssh    ${POD_IP}:10022  hosts.pod.address: "
        "the environment variable POD_IP is not set\n"
    )
    assert result.stderr == "next: orchestrator deploy --host local\n"


def test_the_listing_as_json_is_one_document(project: Path) -> None:
    rows = json.loads(call("list", "--json").stdout)
    assert rows == json.loads(call("--json").stdout)
    assert rows[0] == {
        "name": "local",
        "kind": "local",
        "where": "this machine",
        "default": True,
        "problem": "",
    }


def test_showing_a_host_masks_what_looks_secret(project: Path) -> None:
    result = call("show", "local")
    assert "hunter2" not in result.output
    assert "env            HF_TOKEN=***\n" in result.stdout
    assert "env            NAME=plain\n" in result.stdout
    assert "python         /opt/venv/bin/python\n" in result.stdout


def test_showing_as_json_masks_too_and_leaves_out_what_is_not_set(project: Path) -> None:
    facts = json.loads(call("show", "--json").stdout)
    assert facts == {
        "name": "local",
        "transport": "local",
        "workspace": "~/.cache/blackwell-sparsek",
        "python": "/opt/venv/bin/python",
        "env": {"HF_TOKEN": "***", "NAME": "plain"},
    }


def test_a_host_that_is_added_is_listed(project: Path) -> None:
    key = "SHA256:" + "a" * 43
    result = call(
        "add", "h100", "--address", "203.0.113.7", "--port", "10022", "--user", "root",
        "--host-key", key, "--workspace", "/w", "--python", "python", "--gpu", "1",
    )  # fmt: skip
    assert result.stdout == "added h100 (203.0.113.7:10022) to inventory.yaml\n"
    assert result.stderr == "next: orchestrator deploy --host h100\n"
    assert (project / "inventory.yaml").read_text() == TEXT + (
        "  h100:\n    transport: ssh\n    address: 203.0.113.7\n    port: 10022\n    user: root\n"
        f"    host_key: {key}\n    workspace: /w\n    python: python\n    gpu: 1\n"
    )


def test_an_added_host_may_wait_for_its_variables(project: Path) -> None:
    result = call("add", "h100", "--address", "${H100_IP}", "--port", "${H100_PORT}")
    assert "not usable yet: " in result.stderr
    assert "H100_IP is not set" in result.stderr
    assert "    port: ${H100_PORT}\n" in (project / "inventory.yaml").read_text()


def test_a_pod_is_added_by_its_id(project: Path) -> None:
    assert call("add", "h100", "--pod", "abc123").stdout.startswith("added h100 (pod abc123)")


def test_the_first_host_makes_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    call("add", "here", "--local")
    assert call().stdout == "* here  local  this machine\n"


def test_the_inventory_named_on_the_command_line_is_the_one_written(project: Path) -> None:
    other = project / "other.yaml"
    call("add", "here", "--local", inventory=other)
    assert other.read_text().startswith("default: here\n")
    assert (project / "inventory.yaml").read_text() == TEXT


@pytest.mark.parametrize(
    "ways", [(), ("--local", "--address", "x"), ("--pod", "a", "--address", "x")]
)
def test_a_host_is_reached_in_exactly_one_way(project: Path, ways: tuple[str, ...]) -> None:
    with pytest.raises(UsageError, match="exactly one of --address, --pod and --local"):
        call("add", "new", *ways)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("pod", "--local"), "hosts.pod: exists already"),
        (("new", "--address", "x", "--port", "0"), "hosts.new.port: expected a port number"),
        (("new", "--address", "a@ssh.runpod.io"), "RunPod's proxy"),
        (("new", "--local", "--user", "root"), "hosts.new.user: is only for transport: ssh"),
        (("a b", "--local"), "hosts.a b: expected a host name"),
    ],
)
def test_what_cannot_be_added_leaves_the_file_alone(
    project: Path, words: tuple[str, ...], said: str
) -> None:
    with pytest.raises(InventoryError) as caught:
        call("add", *words)
    assert said in caught.value.message
    assert (project / "inventory.yaml").read_text() == TEXT


def test_trust_forgets_the_key_of_that_host_only(project: Path) -> None:
    store = project / ".orchestrator" / "known_hosts"
    remember(store, "pod", HostKey("ssh-ed25519", b"old"))
    remember(store, "other", HostKey("ssh-ed25519", b"kept"))
    assert call("trust", "pod").stdout == "forgot the host key of pod\n"
    assert keys_of(store, "pod") == ()
    assert len(keys_of(store, "other")) == 1
    assert call("trust", "pod").stdout == "no host key was stored for pod\n"


@pytest.mark.parametrize(("name", "said"), [("local", "has no host key"), ("pdo", "no host named")])
def test_trust_needs_a_host_that_has_a_key(project: Path, name: str, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        call("trust", name)


@pytest.mark.parametrize("command", [(), *((name,) for name in hosts.commands)])
def test_every_help_has_an_example(command: tuple[str, ...]) -> None:
    assert "  Example:\n    orchestrator hosts" in call(*command, "--help").stdout
