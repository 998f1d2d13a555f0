"""Everything a network does to us: each fault ends in one clear error, in time, never in a hang."""

from __future__ import annotations

import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from orchestrator.errors import HostUnreachable, LinkLost
from orchestrator.transport.base import Channel
from orchestrator.transport.connect import Trust
from orchestrator.transport.ssh import SshTransport
from orchestrator.transport.way.dial import Timeouts
from orchestrator.values.command import Command
from orchestrator.values.host import Host
from tests.conftest import SshdVariant
from tests.ssh.link import LossyLink
from tests.ssh.server import ONE_STARTUP, SshServer

IMPATIENT = Timeouts(connect_s=0.5, banner_s=0.6, auth_s=2, channel_s=0.6, send_s=0.6)
# For those that log in first: a busy machine is no bad network.
IMPATIENT_IN_USE = Timeouts(channel_s=1.0, send_s=1.0)
JoinLink = Callable[..., LossyLink]
FOREVER = Command(("yes",))


@pytest.fixture
def trust(tmp_path: Path) -> Trust:
    return Trust(tmp_path / "known_hosts")


@contextmanager
def within(limit_s: float) -> Iterator[None]:
    start = time.monotonic()
    yield
    assert time.monotonic() - start < limit_s


def failure(host: Host, trust: Trust, timeouts: Timeouts = IMPATIENT) -> HostUnreachable:
    transport = SshTransport(host, trust, timeouts)
    with transport, within(10), pytest.raises(HostUnreachable) as caught:
        transport.open()
    assert host.name in caught.value.message
    assert caught.value.hint
    return caught.value


def exhaust(channel: Channel) -> None:
    while channel.receive(1 << 20, 5):
        pass


def test_a_closed_port_is_a_refusal_and_reminds_of_moved_ports(
    sshd: SshServer, trust: Trust, lossy_link: JoinLink
) -> None:
    link = lossy_link()
    link.refuse()
    error = failure(replace(sshd.host(), port=link.port), trust)
    assert "refuses connections" in error.message
    assert "port change at every restart" in error.hint


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux drops SYNs at a full backlog")
def test_an_address_that_never_answers_is_a_timeout(sshd: SshServer, trust: Trust) -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=0) as deaf:
        port = deaf.getsockname()[1]
        with socket.create_connection(("127.0.0.1", port)):
            error = failure(replace(sshd.host(), port=port), trust)
    assert "does not answer" in error.message


def test_an_unknown_name_is_a_dns_failure(sshd: SshServer, trust: Trust) -> None:
    error = failure(replace(sshd.host(), address="no-such-host.invalid"), trust)
    assert "DNS" in error.message


def test_a_text_that_can_be_no_name_is_said_to_be_none(sshd: SshServer, trust: Trust) -> None:
    assert "not a host name" in failure(replace(sshd.host(), address="a..b"), trust).message


def test_a_server_that_says_nothing_is_given_up(
    sshd: SshServer, trust: Trust, lossy_link: JoinLink
) -> None:
    link = lossy_link()
    link.blackhole()
    error = failure(replace(sshd.host(), port=link.port), trust)
    assert "does not finish the SSH handshake" in error.message


def test_a_server_that_is_not_ssh_is_said_to_be_none(sshd: SshServer, trust: Trust) -> None:
    with socket.create_server(("127.0.0.1", 0)) as web:

        def chatter() -> None:
            near, _ = web.accept()
            with near:
                near.sendall(b"HTTP/1.1 400 Bad Request\r\n" * 101)
                near.recv(100)

        threading.Thread(target=chatter, daemon=True).start()
        patient = replace(IMPATIENT, banner_s=10)
        error = failure(replace(sshd.host(), port=web.getsockname()[1]), trust, patient)
    assert "does not speak SSH" in error.message


def test_a_server_that_hangs_up_at_once_is_tried_again_and_then_let_in(
    sshd_variant: SshdVariant, trust: Trust
) -> None:
    server = sshd_variant(*ONE_STARTUP)
    squatter = socket.create_connection(("127.0.0.1", server.port))
    threading.Timer(0.15, squatter.close).start()
    with SshTransport(server.host(), trust) as transport:
        assert transport.run(Command(("true",))).ok
    assert "MaxStartups" in server.log()


def test_paramiko_s_own_complaints_stay_off_the_screen() -> None:
    code = """if True:
        import socket, sys, threading
        from pathlib import Path
        from orchestrator.errors import HostUnreachable
        from orchestrator.values.host import Host, TransportKind
        from orchestrator.transport.connect import Trust
        from orchestrator.transport.ssh import SshTransport
        listener = socket.create_server(("127.0.0.1", 0))
        def hang_up():
            while True: listener.accept()[0].close()
        threading.Thread(target=hang_up, daemon=True).start()
        port = listener.getsockname()[1]
        host = Host("x", TransportKind.SSH, "", "", address="127.0.0.1", port=port)
        try: SshTransport(host, Trust(Path("none"))).open()
        except HostUnreachable: print("told")
    """
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (done.stdout, done.stderr) == ("told\n", "")


def test_a_server_that_always_hangs_up_is_given_up_after_three_tries(
    sshd: SshServer, trust: Trust
) -> None:
    tries = []
    with socket.create_server(("127.0.0.1", 0)) as rude:

        def hang_up() -> None:
            while True:
                try:
                    near, _ = rude.accept()
                except OSError:
                    return
                tries.append(near)
                near.close()

        threading.Thread(target=hang_up, daemon=True).start()
        error = failure(replace(sshd.host(), port=rude.getsockname()[1]), trust)
        rude.shutdown(socket.SHUT_RDWR)
    assert "before saying hello" in error.message
    assert "MaxStartups" in error.hint
    assert len(tries) == 3


@pytest.fixture
def linked(
    sshd: SshServer, trust: Trust, lossy_link: JoinLink
) -> Iterator[tuple[SshTransport, LossyLink]]:
    link = lossy_link()
    with SshTransport(replace(sshd.host(), port=link.port), trust, IMPATIENT_IN_USE) as transport:
        transport.open()
        yield transport, link


def test_a_cut_link_in_mid_stream_is_a_lost_link(linked: tuple[SshTransport, LossyLink]) -> None:
    transport, link = linked
    with transport.stream(FOREVER) as channel, within(6):
        assert channel.receive(100, 5)
        link.cut()
        with pytest.raises(LinkLost, match="no longer connected") as caught:
            exhaust(channel)
        assert channel.exit_status(1) is None
        with pytest.raises(LinkLost):
            channel.send(b"more")
    assert caught.value.hint


def test_a_cut_link_in_a_run_is_a_lost_link_and_the_next_use_connects_again(
    linked: tuple[SshTransport, LossyLink],
) -> None:
    transport, link = linked
    threading.Timer(0.2, link.cut).start()
    with within(6), pytest.raises(LinkLost):
        transport.run(Command(("sleep", "30")))
    assert transport.run(Command(("true",))).ok


@pytest.mark.parametrize("in_use", [False, True], ids=["for a command", "for data"])
def test_a_link_that_takes_nothing_more_is_not_used_again(
    in_use: bool, linked: tuple[SshTransport, LossyLink]
) -> None:
    transport, link = linked
    with transport.stream(Command(("cat",))) as channel:
        link.blackhole()  # so whoever reads hears nothing of what follows
        transport._link.sock.shutdown(socket.SHUT_WR)  # type: ignore[union-attr]
        with within(6), pytest.raises(LinkLost):
            channel.send(b"x") if in_use else transport.run(Command(("true",)))
        link.restore()
        assert transport.run(Command(("true",))).ok


def test_a_black_hole_in_mid_stream_is_a_lost_link_in_time(
    linked: tuple[SshTransport, LossyLink],
) -> None:
    transport, link = linked
    with transport.stream(Command(("cat",))) as channel, within(6):
        link.blackhole()
        channel.send(b"anybody?")
        with pytest.raises(LinkLost, match=r"said nothing for 0\.5 s"):
            channel.receive(100, 0.5)


def test_a_command_started_into_a_black_hole_is_a_lost_link_in_time(
    linked: tuple[SshTransport, LossyLink],
) -> None:
    transport, link = linked
    link.blackhole()
    with within(6), pytest.raises(LinkLost):
        transport.run(Command(("true",)))


def test_a_dead_link_is_never_called_a_refused_channel(
    sshd_variant: SshdVariant, trust: Trust, lossy_link: JoinLink
) -> None:
    server = sshd_variant("MaxSessions 1")
    for _ in range(4):  # who notices first is a matter of chance
        link = lossy_link(target_port=server.port)
        host = replace(server.host(), port=link.port)
        with (
            SshTransport(host, trust, IMPATIENT_IN_USE) as transport,
            transport.stream(Command(("cat",))) as channel,
        ):
            channel.send(b"here")
            assert channel.receive(4, 5) == b"here"
            link.blackhole()  # and no spare channel: the only one is in use
            with within(6), pytest.raises(LinkLost, match="no longer connected"):
                transport.run(Command(("true",)))


def test_sending_into_a_black_hole_is_a_lost_link_in_time(
    linked: tuple[SshTransport, LossyLink],
) -> None:
    transport, link = linked
    with transport.stream(Command(("cat",))) as channel, within(6):
        link.blackhole()
        with pytest.raises(LinkLost):
            channel.send(b"x" * 50_000_000)


def test_a_command_that_reads_nothing_blocks_a_send_only_for_so_long(
    linked: tuple[SshTransport, LossyLink],
) -> None:
    transport, _ = linked
    with (
        transport.stream(Command(("sleep", "30"))) as channel,
        within(6),
        pytest.raises(LinkLost, match="read nothing"),
    ):
        channel.send(b"x" * 50_000_000)
    assert transport.run(Command(("true",))).ok
