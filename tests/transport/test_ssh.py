"""An SSH connection in use: one connection, many channels, odd servers."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from orchestrator.errors import HostUnfit, HostUnreachable
from orchestrator.transport.agent import AgentSession
from orchestrator.transport.connect import Trust, connect
from orchestrator.transport.ssh import SshTransport
from orchestrator.values.command import Command, Program, python_program
from orchestrator.values.host import Host, TransportKind
from tests.conftest import SshdVariant
from tests.ssh.link import LossyLink
from tests.ssh.server import INTERACTIVE_ONLY, NO_PYTHON, NOISY_LOGIN, WITH_SFTP, SshServer

HELLO = """
import sys, zlib, struct
body = zlib.compress(b'{"here": true}')
sys.stdout.buffer.write(b"noise of a program\\n@@BSK1 " + sys.argv[1].encode() + b"\\n")
sys.stdout.buffer.write(b"J" + struct.pack(">I", len(body)) + body)
"""


@pytest.fixture
def trust(tmp_path: Path) -> Trust:
    return Trust(tmp_path / "known_hosts")


def test_eight_threads_share_one_connection(sshd_variant: SshdVariant, trust: Trust) -> None:
    server = sshd_variant()
    with SshTransport(server.host(), trust) as transport, ThreadPoolExecutor(8) as pool:
        done = pool.map(lambda i: transport.run(Command(("echo", str(i)))).stdout, range(8))
        assert list(done) == [f"{i}\n".encode() for i in range(8)]
    assert server.log().count("Accepted publickey") == 1


def test_commands_that_end_at_once_never_cost_the_connection(
    sshd_variant: SshdVariant, trust: Trust
) -> None:
    server = sshd_variant()
    with SshTransport(server.host(), trust) as transport, ThreadPoolExecutor(3) as pool:
        done = pool.map(lambda _: transport.run(Command(("true",))).ok, range(400))
        assert all(done)
    assert "nonexistent channel" not in server.log()


def test_a_ninth_and_tenth_channel_fit_and_the_eleventh_says_why_not(
    sshd: SshServer, trust: Trust
) -> None:
    with SshTransport(sshd.host(), trust) as transport, ThreadPoolExecutor(11) as pool:
        sleepers = [pool.submit(transport.run, Command(("sleep", "2"))) for _ in range(11)]
        failed = [error for future in sleepers if (error := future.exception())]
        assert [type(error) for error in failed] == [HostUnreachable]
        assert "MaxSessions" in failed[0].hint  # type: ignore[attr-defined]
        assert transport.run(Command(("true",))).ok


def test_nagle_is_off_and_dead_peers_are_probed(sshd: SshServer, trust: Trust) -> None:
    with SshTransport(sshd.host(), trust) as transport:
        transport.open()
        assert transport._link is not None
        sock = transport._link.sock
        assert sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
        assert sock.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
        assert transport._link.remote_cipher == "aes128-gcm@openssh.com"


def test_a_server_without_the_fast_cipher_is_fine(sshd_variant: SshdVariant, trust: Trust) -> None:
    with SshTransport(sshd_variant("Ciphers aes256-ctr").host(), trust) as transport:
        assert transport.run(Command(("true",))).ok


def test_a_command_on_an_open_connection_costs_two_round_trips(
    sshd: SshServer, trust: Trust, lossy_link: Callable[..., LossyLink]
) -> None:
    link = lossy_link(latency_s=0.04)
    with SshTransport(replace(sshd.host(), port=link.port), trust) as transport:
        transport.run(Command(("true",)))
        took_s = []
        for _ in range(5):
            start = time.perf_counter()
            transport.run(Command(("true",)))
            took_s.append(time.perf_counter() - start)
    assert min(took_s) / (2 * link.latency_s) < 2.5  # a busy machine adds to all but the best


def test_the_ssh_library_is_not_imported_before_it_is_needed() -> None:
    code = (
        "import sys; import orchestrator.transport.connect, orchestrator.transport.ssh;"
        "print([m for m in ('paramiko', 'fabric', 'cryptography') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_a_server_with_sftp_is_no_different(sshd_variant: SshdVariant, trust: Trust) -> None:
    with SshTransport(sshd_variant(*WITH_SFTP).host(), trust) as transport:
        assert transport.run(Command(("cat",)), stdin=b"bytes").stdout == b"bytes"


def test_an_agent_is_heard_through_a_noisy_login(sshd_variant: SshdVariant, trust: Trust) -> None:
    host = sshd_variant(*NOISY_LOGIN).host()
    command = python_program(host.python, Program("hello", HELLO), "feed")
    with SshTransport(host, trust) as transport, transport.stream(command) as channel:
        session = AgentSession(channel, host, "feed")
        session.wait_for_hello()
        assert session.receive_json() == {"here": True}


def test_a_host_without_python_is_named_as_such(sshd_variant: SshdVariant, trust: Trust) -> None:
    host = replace(sshd_variant(*NO_PYTHON).host(), python="python3")
    command = python_program(host.python, Program("hello", HELLO), "feed")
    with (
        SshTransport(host, trust) as transport,
        transport.stream(command) as channel,
        pytest.raises(HostUnfit, match="has no 'python3'"),
    ):
        AgentSession(channel, host, "feed").wait_for_hello()


def test_an_interactive_only_proxy_is_recognised(sshd_variant: SshdVariant, trust: Trust) -> None:
    host = sshd_variant(*INTERACTIVE_ONLY).host()
    command = python_program(host.python, Program("hello", HELLO), "feed")
    with (
        SshTransport(host, trust) as transport,
        transport.stream(command) as channel,
        pytest.raises(HostUnfit, match="interactive-only") as caught,
    ):
        AgentSession(channel, host, "feed").wait_for_hello()
    assert "direct TCP address" in caught.value.hint


def test_a_pod_without_an_address_is_asked_for_one(trust: Trust) -> None:
    pod = Host("h100", TransportKind.SSH, "/workspace", "python3", pod="abc123")
    with pytest.raises(HostUnreachable, match=r"h100 .*has no address") as caught:
        connect(pod, trust)
    assert "direct TCP endpoint" in caught.value.hint
