"""What every transport owes its callers, asked of the local one, of SSH, and of SSH over a
connection that a broker keeps."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from orchestrator.errors import LinkLost
from orchestrator.here.aside import begun
from orchestrator.transport.base import Channel, Transport
from orchestrator.transport.broker.transport import Keeping
from orchestrator.transport.connect import Trust, connect
from orchestrator.values.command import Command
from orchestrator.values.host import Host, TransportKind
from tests.ssh.server import SshServer
from tests.transport.broker.conftest import processes, sockets, until

BIG_BYTES = 20_000_000


def python(code: str, *words: str) -> Command:
    return Command((sys.executable, "-IS", "-c", code, *words))


@pytest.fixture(scope="module")
def lasting_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A home in which one connection lasts for all tests here."""
    place = tmp_path_factory.mktemp("lasting")
    yield place
    for pid in processes(place):
        os.kill(pid, signal.SIGTERM)
    assert until(lambda: not processes(place) and not sockets(place))


@pytest.fixture(params=["local", "ssh", "broker"])
def transport(
    request: pytest.FixtureRequest,
    tmp_path: Path,
    lasting_home: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Transport]:
    host = Host("here", TransportKind.LOCAL, str(tmp_path), sys.executable)
    place, keeping = tmp_path, None
    told: list[str] = []
    if request.param != "local":
        sshd: SshServer = request.getfixturevalue("sshd")
        host = sshd.host()
    if request.param == "broker":
        monkeypatch.setenv("HOME", str(lasting_home))
        place, keeping = lasting_home, Keeping(600.0, told.append)
    with connect(host, Trust(place / "known_hosts"), keeping=keeping) as opened:
        yield opened
    assert told == []


@pytest.mark.parametrize("status", [0, 1, 42, 255])
def test_the_exit_status_arrives_as_it_is(transport: Transport, status: int) -> None:
    done = transport.run(python(f"import sys; sys.exit({status})"))
    assert done.exit_status == status
    assert done.ok is (status == 0)


def test_a_missing_program_is_127_and_says_so(transport: Transport) -> None:
    done = transport.run(Command(("no-such-program-here",)))
    assert done.exit_status == 127
    assert b"no-such-program-here" in done.stderr


def test_stdout_and_stderr_stay_apart(transport: Transport) -> None:
    done = transport.run(python("import sys; print('out'); print('err', file=sys.stderr)"))
    assert (done.stdout, done.stderr) == (b"out\n", b"err\n")


def test_a_command_killed_by_a_signal_has_no_exit_status(transport: Transport) -> None:
    done = transport.run(python("import os, signal; os.kill(os.getpid(), signal.SIGKILL)"))
    assert done.exit_status is None


def test_twenty_megabytes_go_there_and_back_unchanged(transport: Transport) -> None:
    data = os.urandom(BIG_BYTES)
    done = transport.run(Command(("cat",)), stdin=data)
    assert hashlib.sha256(done.stdout).digest() == hashlib.sha256(data).digest()


def test_every_byte_value_survives_in_both_directions(transport: Transport) -> None:
    data = bytes(range(256)) * 3 + b"\r\n\x04\x03\x1a"
    assert transport.run(Command(("cat",)), stdin=data).stdout == data


def test_much_stderr_does_not_block_the_command_and_its_end_is_kept(transport: Transport) -> None:
    code = "import sys; sys.stderr.write('x' * 9_000_000 + 'the end'); print('done')"
    done = transport.run(python(code))
    assert done.stdout == b"done\n"
    assert done.stderr.endswith(b"the end")
    assert len(done.stderr) <= 1 << 16


def test_unread_stdin_is_not_an_error_the_exit_status_counts(transport: Transport) -> None:
    done = transport.run(python("import sys; sys.exit(7)"), stdin=b"x" * BIG_BYTES)
    assert done.exit_status == 7


def test_a_command_that_outlives_its_time_is_given_up(transport: Transport) -> None:
    with pytest.raises(LinkLost, match=r"did not finish a command within 0\.4 s"):
        transport.run(Command(("sleep", "30")), timeout_s=0.4)


def test_a_talkative_command_that_outlives_its_time_is_given_up_too(transport: Transport) -> None:
    with pytest.raises(LinkLost, match="did not finish"):
        transport.run(Command(("yes",)), timeout_s=0.4)


def test_a_silent_channel_is_given_up_in_time(transport: Transport) -> None:
    with (
        transport.stream(Command(("sleep", "30"))) as channel,
        pytest.raises(LinkLost, match=r"said nothing for 0\.3 s"),
    ):
        channel.receive(100, 0.3)


@pytest.mark.parametrize(
    "use",
    [
        pytest.param(lambda channel: channel.send(b"x" * BIG_BYTES), id="send"),
        pytest.param(lambda channel: channel.receive(100, 60), id="receive"),
    ],
)
def test_a_channel_that_is_closed_while_another_thread_uses_it_is_a_lost_link_to_that(
    transport: Transport, use: Callable[[Channel], object]
) -> None:
    with transport.stream(Command(("sleep", "60"))) as channel:
        used = begun(lambda: use(channel), "a channel's use")
        time.sleep(0.2)  # so that it waits
        channel.close()
        with pytest.raises(LinkLost):
            used.result(20)


def test_a_conversation_goes_back_and_forth(transport: Transport) -> None:
    with transport.stream(Command(("cat",))) as channel:
        for word in (b"one", b"two", b"three"):
            channel.send(word)
            assert channel.receive(100, 10) == word
        channel.close_send()
        assert channel.receive(100, 10) == b""
        assert channel.exit_status(10) == 0


def test_received_pieces_respect_the_limit(transport: Transport) -> None:
    with transport.stream(Command(("echo", "abcdefgh"))) as channel:
        assert channel.receive(3, 10) == b"abc"
        assert channel.receive(100, 10) == b"defgh\n"


def test_a_peer_that_refuses_mid_send_is_still_heard(transport: Transport) -> None:
    refusing = python("import sys; sys.stdin.read(9); print('no room'); sys.exit(3)")
    with transport.stream(refusing) as channel:
        with pytest.raises(LinkLost):
            channel.send(b"x" * BIG_BYTES)
        assert channel.receive(100, 10) == b"no room\n"
        assert channel.receive(100, 10) == b""
        assert channel.exit_status(10) == 3


def test_stderr_can_be_watched_while_the_command_runs(transport: Transport) -> None:
    code = "import sys; print('why', file=sys.stderr, flush=True); print('x', flush=True); input()"
    with transport.stream(python(code)) as channel:
        assert channel.receive(100, 10) == b"x\n"
        # Two streams, two readers: what was written first may be seen a moment later.
        deadline = time.monotonic() + 10
        while channel.stderr_tail() != "why\n" and time.monotonic() < deadline:
            time.sleep(0.01)
        assert channel.stderr_tail() == "why\n"


def test_closing_a_channel_twice_is_fine_and_the_transport_lives_on(transport: Transport) -> None:
    with transport.stream(Command(("cat",))) as channel:
        channel.close()
        channel.close()
    assert transport.run(Command(("true",))).ok


def test_a_closed_transport_opens_again_at_its_next_use(transport: Transport) -> None:
    assert transport.run(Command(("true",))).ok
    transport.close()
    transport.close()
    assert transport.run(Command(("true",))).ok


words = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)


@given(st.lists(words, max_size=5))
@example(["", " ", "a b", "'", '"', "$HOME", "`id`", "$(id)", "\\", "\n", "*", "!!", "~", "é漢🚀"])
@example(["-n", "--", "-", "--help", ";", "&&", "#", "\t", "\r", "{a,b}", "x=1"])
@settings(max_examples=25)
def test_words_arrive_as_they_were_written(transport: Transport, arguments: list[str]) -> None:
    code = "import json, os, sys; print(json.dumps([os.fsencode(a).hex() for a in sys.argv[1:]]))"
    done = transport.run(python(code, *arguments))
    assert [bytes.fromhex(word).decode() for word in json.loads(done.stdout)] == arguments
