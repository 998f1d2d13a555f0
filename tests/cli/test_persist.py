"""--persist, as it is typed: one login for several commands, seen by `hosts` and ended by it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.conftest import Project
from tests.ssh.server import SshServer
from tests.transport.broker.conftest import processes, sockets, until

DEPLOY = ("deploy", "--no-build")


@pytest.fixture
def pod(project: Project, sshd: SshServer, home: Path) -> Iterator[Project]:
    project.add_ssh_host(sshd)
    yield project
    project.orchestrator("hosts", "disconnect")
    assert until(lambda: not processes(home) and not sockets(home))


def logins(server: SshServer) -> int:
    return server.log().count("Accepted publickey")


def test_that_a_connection_is_kept_shown_used_again_and_ended(
    pod: Project, sshd: SshServer
) -> None:
    before = logins(sshd)
    for _ in range(2):
        outcome = pod.orchestrator(*DEPLOY, "--persist", "10m")
        assert outcome.code == 0, outcome.err
    assert logins(sshd) == before + 1
    line = pod.orchestrator("hosts").out
    assert f"connected as {sshd.host().user} since " in line
    assert "unused until " in line
    (row,) = pod.orchestrator("hosts", "--json").json
    assert row["connection"]["commands"] == 0
    assert 500 < row["connection"]["left_s"] <= 600
    ended = pod.orchestrator("hosts", "disconnect", "pod")
    assert (ended.code, ended.out) == (0, "ended the connection to pod\n")
    assert "connected" not in pod.orchestrator("hosts").out
    again = pod.orchestrator("hosts", "disconnect", "pod")
    assert again.out == "no connection to pod is kept open\n"


def test_that_the_inventory_keeps_connections_and_an_option_has_the_last_word(
    pod: Project, sshd: SshServer
) -> None:
    pod.add_ssh_host(sshd, persist="5m")
    before = logins(sshd)
    for words in ((), ("--no-persist",), ()):
        assert pod.orchestrator(*DEPLOY, *words).code == 0
    assert logins(sshd) == before + 2
    assert "persist        300s" in pod.orchestrator("hosts", "show").out
    # A look at how the host is reached is one at the way itself.
    pod.orchestrator("doctor")
    assert logins(sshd) == before + 3


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--persist", "10m", "--no-persist"), "contradict each other"),
        (("--persist", "0"), "0 is no length of time; expected 1 to 86400"),
        (("--persist", "25h"), "90000 is no length of time"),
        (("--persist", "1m", "--host", "local"), "is this machine, to which there is no"),
    ],
)
def test_that_what_cannot_be_kept_is_refused(
    project: Project, words: tuple[str, ...], said: str
) -> None:
    outcome = project.orchestrator(*DEPLOY, *words)
    assert outcome.code == 2
    assert said in outcome.err


@pytest.mark.parametrize(
    ("written", "kept_s"), [("10m", 600.0), ("90", 90.0), ("1.5h", 5400.0), ("no", None)]
)
def test_that_an_inventory_says_how_long(project: Project, written: str, kept_s: float) -> None:
    from orchestrator.store.inventory.reading import load

    project.inventory(
        "defaults: {persist: 1h}\nhosts:\n  local: {transport: local}\n"
        f"  a: {{transport: ssh, address: x, persist: {written}}}\n"
        "  b: {transport: ssh, address: x}\n"
    )
    hosts = load(project.root / "inventory.yaml", {}).hosts
    assert [hosts[name].persist_s for name in ("a", "b", "local")] == [kept_s, 3600.0, None]


@pytest.mark.parametrize("written", ["0s", "25h", "soon", "-1", "[1]", "''"])
def test_that_no_other_length_is_taken(project: Project, written: str) -> None:
    project.inventory(f"hosts:\n  a: {{transport: ssh, address: x, persist: {written}}}\n")
    outcome = project.orchestrator("hosts")
    assert outcome.code == 2
    assert (
        "hosts.a.persist: expected a length of time from 1s to 24h, such as 10m, or no"
        in outcome.err
    )
