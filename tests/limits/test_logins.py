"""Logins that do not come to our program: a limit, and a true sentence."""

from __future__ import annotations

import json
import re
import time
import zlib
from dataclasses import replace
from pathlib import Path

import pytest

from orchestrator.cli.app import run
from orchestrator.errors import HostUnfit, HostUnreachable, LinkLost
from orchestrator.transport import agent
from orchestrator.transport.connect import Trust, connect
from orchestrator.values.command import Command
from orchestrator.workflows.diagnose import diagnose
from tests.conftest import SshdVariant
from tests.faults.conftest import Laptop, laptop
from tests.ssh.link import LossyLink
from tests.ssh.server import SshServer

__all__ = ["laptop"]
RUN = 'eval "$SSH_ORIGINAL_COMMAND"'
# What stands in somebody's ~/.bashrc, above everything else.
STUCK = {
    "sleeps": "sleep 65",
    "starts another shell": "exec sh",
    "starts another program": "exec cat",
    "starts another program as its last": "cat; true",
    "asks for something": "read answer; " + RUN,
    "reads what is for us": "cat > /dev/null; " + RUN,
    "talks on stderr without end": "while :; do echo noise; sleep 0.01; done >&2",
    "drips": "while :; do echo noise; sleep 0.2; done",
}


@pytest.fixture
def in_a_hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    assert (agent.HELLO_LIMIT_S, agent._LOGIN_LIMIT_S) == (15.0, 30.0), "seconds, not minutes"
    monkeypatch.setattr(agent, "HELLO_LIMIT_S", 1.0)
    monkeypatch.setattr(agent, "_LOGIN_LIMIT_S", 2.0)


@pytest.fixture
def trust(tmp_path: Path) -> Trust:
    return Trust(tmp_path / "known_hosts")


def spoken(server: SshServer, trust: Trust) -> int:
    """How much the login printed before our program spoke."""
    with (
        connect(server.host(), trust) as transport,
        agent.open_agent(transport, "job", server.workspace) as session,
    ):
        session.send_json({"do": "list"})
        assert session.receive_json()["jobs"] == []
        return session.noise_bytes


@pytest.mark.usefixtures("in_a_hurry")
@pytest.mark.parametrize("how", STUCK)
def test_a_login_that_does_not_end_is_told_as_that(
    how: str, sshd_variant: SshdVariant, trust: Trust
) -> None:
    began = time.monotonic()
    with pytest.raises(HostUnreachable) as caught:
        spoken(sshd_variant(f"ForceCommand {STUCK[how]}"), trust)
    assert not isinstance(caught.value, LinkLost)
    assert "lets us in, but our program does not start there" in caught.value.message
    assert "~/.bashrc" in caught.value.hint
    assert time.monotonic() - began < 10


@pytest.mark.parametrize("where", ["", " >&2"])
def test_three_megabytes_of_noise_are_skipped(
    where: str, sshd_variant: SshdVariant, trust: Trust
) -> None:
    noise = f"head -c 3000000 /dev/zero | tr '\\0' n{where}; {RUN}"
    assert spoken(sshd_variant(f"ForceCommand {noise}"), trust) == (0 if where else 3_000_000)


def test_noise_without_end_is_told_by_its_size(sshd_variant: SshdVariant, trust: Trust) -> None:
    with pytest.raises(HostUnreachable, match=r"its login has printed \d\d MB so far") as caught:
        spoken(sshd_variant("ForceCommand yes"), trust)
    told = re.search(r"printed (\d\d) MB", caught.value.message)
    assert told
    assert 16 <= int(told[1]) < 64  # how much is under way when we stop reading is the machine's


@pytest.mark.parametrize("noise", ["x", "Job done\\n", "L\\n", "Building\\n", "\\000"])
def test_what_goes_on_to_print_beside_our_program_is_told_as_that(
    noise: str, sshd_variant: SshdVariant, trust: Trust
) -> None:
    server = sshd_variant(f"ForceCommand (while printf '{noise}'; do sleep 0.05; done) & {RUN}")
    with (
        connect(server.host(), trust) as transport,
        agent.open_agent(transport, "job", server.workspace) as session,
    ):
        time.sleep(0.5)  # until it has printed behind our first word
        session.send_json({"do": "list"})
        with pytest.raises(LinkLost) as caught:
            session.receive_json(5)
    assert "something else at pod" in caught.value.message
    assert "prints into our program's answer" in caught.value.message
    if noise.startswith("J"):
        assert "came Job done\\n" in caught.value.message
    assert "~/.bashrc" in caught.value.hint


def test_an_answer_that_cannot_be_unpacked_was_mixed_with_something_else(sshd: SshServer) -> None:
    sent = zlib.compress(json.dumps([*range(99)]).encode(), 1)
    for at in range(len(sent)):
        came = (sent[:at] + b"xx" + sent[at:])[: len(sent)]
        with pytest.raises(LinkLost, match="answer: one part cannot be unpacked") as caught:
            agent.unpack_json(sshd.host(), came)
        assert "~/.bashrc" in caught.value.hint


def test_doctor_says_that_a_login_prints_beside_our_program(
    laptop: Laptop, sshd_variant: SshdVariant
) -> None:
    server = sshd_variant(f"ForceCommand (while printf x; do sleep 0.05; done) & {RUN}")
    laptop.describe(port=server.port)
    outcome = laptop.run("doctor")
    assert outcome.code == 3, outcome.err
    assert "prints into our program's answer: " in outcome.err  # in the midst of a part, or before
    assert "`sleep 9` shows it too" in outcome.err


def test_a_login_that_ends_without_a_word_is_told_at_once(
    sshd_variant: SshdVariant, trust: Trust
) -> None:
    with pytest.raises(HostUnfit, match=r"did not start our agent \(exit 0\): no output"):
        spoken(sshd_variant("ForceCommand exec true"), trust)


@pytest.mark.usefixtures("in_a_hurry")
def test_a_line_that_dies_under_a_login_is_a_lost_link(
    sshd_variant: SshdVariant, trust: Trust, tmp_path: Path
) -> None:
    server = sshd_variant(f"ForceCommand touch {tmp_path}/asked; sleep 66")
    link = LossyLink(server.port)
    through = replace(server.host(), port=link.port)
    with connect(through, trust) as transport, transport.stream(Command(("true",))) as raw:
        link.blackhole()
        with pytest.raises(LinkLost, match="said nothing for"):
            agent.AgentSession(raw, through, "nonce").wait_for_hello()
    link.close()


@pytest.mark.usefixtures("in_a_hurry")
def test_a_sleeping_login_costs_seconds_not_minutes_and_no_run_is_made(
    laptop: Laptop,
    sshd_variant: SshdVariant,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    laptop.describe(port=sshd_variant("ForceCommand echo Welcome; sleep 67").port)
    monkeypatch.chdir(laptop.root)
    began = time.monotonic()
    code = run(["--inventory", "inventory.yaml", "profile"])
    assert time.monotonic() - began < 10
    said = capsys.readouterr().err
    assert code == 3, said
    assert "it has said nothing for 1 s; the last of it: Welcome" in said
    assert not (laptop.root / "runs").exists()


# Of a login, and what is said of each: Python meets it at work, or does not even start.
NO_MEMORY = "can't start new thread|MemoryError|failed to map segment|Cannot allocate memory"
LIMITS = {
    "ulimit -v 30000": (NO_MEMORY, "`ulimit -v`"),
    "ulimit -v 9000": (NO_MEMORY, "`ulimit -v`"),
    "ulimit -n 4": ("Too many open files", "`ulimit -n`"),
    "ulimit -n 3": ("Error 24|Too many open files", "`ulimit -n`"),
}


@pytest.mark.parametrize("limit", LIMITS)
def test_a_limit_of_a_login_is_told_as_that_and_not_as_a_lost_link(
    limit: str, sshd_variant: SshdVariant, trust: Trust
) -> None:
    server = sshd_variant(f"ForceCommand bash -c '{limit}; eval \"$SSH_ORIGINAL_COMMAND\"'")
    words, shown = LIMITS[limit]
    with connect(server.host(), trust) as transport, pytest.raises(HostUnfit) as caught:
        diagnose(transport)
    assert re.search(words, caught.value.message), caught.value
    assert shown in caught.value.hint


def test_a_limit_that_ends_the_agent_of_jobs_is_a_lost_link_as_it_may_have_started_one(
    sshd_variant: SshdVariant, trust: Trust
) -> None:
    server = sshd_variant('ForceCommand eval "$SSH_ORIGINAL_COMMAND"')
    code = "import sys; print('\\n@@BSK1 nonce', flush=True); raise MemoryError"
    words = Command((server.host().python, "-c", code))
    with connect(server.host(), trust) as transport, transport.stream(words) as raw:
        session = agent.AgentSession(raw, server.host(), "nonce")
        session.wait_for_hello()
        with pytest.raises(LinkLost, match="leaves our program too little: MemoryError") as caught:
            session.receive()
    assert "`ulimit -v`" in caught.value.hint
