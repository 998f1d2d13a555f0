"""Ctrl-C on the way to a host: at once, wherever it hangs, in the main thread and beside it."""

from __future__ import annotations

import base64
import contextlib
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import paramiko
import pytest

from tests.conftest import SshdVariant
from tests.faults.conftest import wait_until
from tests.interrupts.conftest import Desk, Mute, environment, interrupted
from tests.processes import at_work_in, left_at_work_in, needs_proc
from tests.ssh.server import PASSPHRASE, Keys, SshServer
from tests.ssh.terminal import on_terminal

# doctor connects in its main thread, deploy beside a scan.
VERBS = pytest.mark.parametrize("verb", ["doctor", "deploy"])
# Long enough for the command to have come to where it hangs.
SETTLED_S = 1.2


@VERBS
@pytest.mark.parametrize("greeting", [b"", b"SSH-2.0-OpenSSH_9.2\r\n"], ids=["banner", "handshake"])
def test_while_the_server_says_nothing(
    verb: str, greeting: bytes, desk: Desk, mute: type[Mute]
) -> None:
    server = mute(greeting)
    desk.describe(port=server.port)
    with desk.types(verb) as terminal:
        assert server.met.wait(20)
        terminal.read_for(0.3)
        assert interrupted(terminal).count("interrupted") == 1


@VERBS
def test_while_nobody_answers_the_tcp_connect(verb: str, desk: Desk) -> None:
    with full_backlog() as port:
        desk.describe(port=port)
        before = asking(port)
        with desk.types(verb) as terminal:
            wait_until(lambda: asking(port) > before)
            terminal.read_for(0.2)
            assert "interrupted" in interrupted(terminal)


def asking(port: int) -> int:
    """How many connections to port wait for a first answer (SYN_SENT, proc_net_tcp)."""
    rows = (line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:])
    return sum(row[2].endswith(f":{port:04X}") and row[3] == "02" for row in rows)


@contextlib.contextmanager
def full_backlog() -> Iterator[int]:
    """A port that swallows what would open a connection: more wait there than may."""
    with contextlib.ExitStack() as held:
        listener = held.enter_context(socket.socket())
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        for _ in range(4):
            waiting = held.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(listener.getsockname())
        time.sleep(0.1)
        yield listener.getsockname()[1]


@VERBS
def test_while_no_name_server_answers(verb: str, desk: Desk, tmp_path: Path) -> None:
    """In a mount namespace of its own, whose only name server takes questions."""
    if os.geteuid() != 0:
        pytest.skip("cannot make a mount namespace: not root")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as deaf:
        deaf.bind(("127.0.0.53", 53))
        (tmp_path / "resolv.conf").write_text("nameserver 127.0.0.53\n")
        bound = f"mount --bind {tmp_path}/resolv.conf /etc/resolv.conf"
        desk.describe(address="host.example.org", port=22)
        words = ("unshare", "-m", "sh", "-c", f'{bound} && exec "$@"', "sh")
        command = (sys.executable, "-m", "orchestrator", verb)
        with on_terminal((*words, *command), desk.root, environment()) as terminal:
            deaf.settimeout(20)
            deaf.recv(512)
            terminal.read_for(0.3)
            assert "interrupted" in interrupted(terminal)


class _Ponders(paramiko.ServerInterface):  # type: ignore[misc]
    def check_auth_publickey(self, username: str, key: paramiko.PKey) -> int:
        time.sleep(60)
        return paramiko.AUTH_FAILED  # type: ignore[no-any-return]

    def get_allowed_auths(self, username: str) -> str:
        return "publickey"


@VERBS
def test_while_the_server_thinks_about_a_key(verb: str, desk: Desk, keys: Keys) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        desk.describe(port=listener.getsockname()[1], identity_file=str(keys.client))
        with desk.types(verb, "--accept-new-host-key") as terminal:
            near, _ = listener.accept()
            link = paramiko.Transport(near)
            link.add_server_key(paramiko.Ed25519Key.from_private_key_file(str(keys.host)))
            link.start_server(event=threading.Event(), server=_Ponders())
            terminal.read_for(SETTLED_S)
            assert "interrupted" in interrupted(terminal)
            link.close()


@VERBS
def test_while_an_agent_does_not_answer(verb: str, desk: Desk, sshd: SshServer) -> None:
    with hanging_agent(desk.root.parent) as agent:
        desk.on(sshd)
        with desk.types(verb, SSH_AUTH_SOCK=str(agent.place)) as terminal:
            assert agent.asked.wait(20)
            assert "interrupted" in interrupted(terminal)


@dataclass(frozen=True)
class HangingAgent:
    place: Path
    asked: threading.Event


@contextlib.contextmanager
def hanging_agent(folder: Path) -> Iterator[HangingAgent]:
    """A socket at which somebody takes questions, and answers none."""
    with contextlib.ExitStack() as held, socket.socket(socket.AF_UNIX) as listener:
        agent = HangingAgent(folder / "hanging-agent", threading.Event())
        listener.bind(str(agent.place))
        listener.listen()

        def serve() -> None:
            with contextlib.suppress(OSError):
                while True:
                    near = held.enter_context(listener.accept()[0])
                    near.recv(100)
                    agent.asked.set()

        threading.Thread(target=serve, daemon=True).start()
        yield agent
        listener.shutdown(socket.SHUT_RDWR)


@VERBS
def test_while_a_key_is_opened_that_takes_long(
    verb: str, desk: Desk, sshd: SshServer, keys: Keys
) -> None:
    slow = with_many_rounds(keys.encrypted, desk.root.parent / "slow")
    desk.on(sshd)
    desk.describe(identity_file=str(slow))
    with desk.types(verb) as terminal:
        terminal.read_until("Passphrase for ")
        wait_until(lambda: not terminal.echoes)
        terminal.type(PASSPHRASE)
        terminal.read_for(SETTLED_S)
        assert "interrupted" in interrupted(terminal)


def with_many_rounds(key: Path, place: Path) -> Path:
    """The key as `ssh-keygen -a` locks it that has days: its KDF's options end with the rounds."""
    first, *lines, last = key.read_text().splitlines()
    body = base64.b64decode("".join(lines))
    salted = body.index(b"bcrypt") + len(b"bcrypt") + 4
    at = salted + 4 + int.from_bytes(body[salted : salted + 4], "big")
    assert body[at : at + 4] == (1).to_bytes(4, "big")
    body = body[:at] + (1 << 24).to_bytes(4, "big") + body[at + 4 :]
    place.write_text(f"{first}\n{base64.encodebytes(body).decode()}{last}\n")
    return place


@VERBS
def test_while_a_program_of_ssh_config_hangs(verb: str, desk: Desk) -> None:
    desk.ssh_config('Match exec "touch asked; sleep 61"\n')
    with desk.types(verb) as terminal:
        until_there(desk.root / "asked")
        assert "interrupted" in interrupted(terminal)


@needs_proc
@pytest.mark.parametrize("name", ["INT", "TERM", "TERM TERM", "HUP"])
@VERBS
def test_of_a_program_of_ssh_config_nothing_is_left_by_a_signal(
    verb: str, name: str, desk: Desk
) -> None:
    desk.ssh_config('Match exec "touch asked; sleep 64 & sleep 63"\n')
    temporary = desk.home / "tmp"
    temporary.mkdir()
    with desk.types(verb, TMPDIR=str(temporary)) as terminal:
        until_there(desk.root / "asked")
        assert at_work_in(desk.root)
        for each in name.split():
            terminal.send(signal.Signals[f"SIG{each}"])
        assert terminal.exit_status(20) >= 128
    assert left_at_work_in(desk.root) == []
    assert [path.name for path in temporary.glob("ssh_config.*")] == []


@needs_proc
def test_a_program_of_ssh_config_does_not_outlast_a_command_that_fails_meanwhile(
    desk: Desk,
) -> None:
    desk.ssh_config('Match exec "touch asked; sleep 64 & sleep 63"\n')
    (desk.root / ".git").mkdir()
    git = desk.home / "bin" / "git"
    git.parent.mkdir()
    git.write_text("#!/bin/sh\nwhile [ ! -e asked ]; do sleep 0.05; done; exit 1\n")
    git.chmod(0o755)
    with desk.types("deploy", PATH=f"{git.parent}:{os.environ['PATH']}") as terminal:
        assert terminal.exit_status(20) == 2
    assert left_at_work_in(desk.root) == []


@VERBS
def test_while_a_proxy_command_hangs_that_heeds_no_signal(verb: str, desk: Desk) -> None:
    program = desk.home / "proxy"
    program.write_text(f"#!/bin/sh\ntrap '' TERM INT\ntouch {desk.root}/asked\nsleep 3\nsleep 3\n")
    program.chmod(0o755)
    desk.ssh_config(f"Host *\n ProxyCommand {program}\n")
    with desk.types(verb) as terminal:
        until_there(desk.root / "asked")
        terminal.read_for(0.5)
        assert "interrupted" in interrupted(terminal)


@VERBS
def test_while_a_login_sleeps(verb: str, desk: Desk, sshd_variant: SshdVariant) -> None:
    server = sshd_variant(f"ForceCommand touch {desk.root}/asked; sleep 62")
    desk.on(server)
    with desk.types(verb) as terminal:
        until_there(desk.root / "asked")
        assert "interrupted" in interrupted(terminal)


def test_once_more_and_once_more_in_a_hurry(desk: Desk, mute: type[Mute]) -> None:
    server = mute()
    desk.describe(port=server.port)
    with desk.types("deploy") as terminal:
        assert server.met.wait(20)
        terminal.read_for(0.2)
        interrupted(terminal, times=5)


def until_there(path: Path) -> None:
    wait_until(path.exists)
