"""Agents, name servers, git and RunPod's API that do not come to an end: a limit, and words."""

from __future__ import annotations

import contextlib
import os
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from orchestrator.cloud.api import Api, ApiKey, Patience
from orchestrator.errors import AuthenticationError, HostUnreachable, UsageError
from orchestrator.here.aside import within
from orchestrator.sync import listing
from orchestrator.transport.connect import Trust, connect
from orchestrator.transport.login import ssh_agent
from orchestrator.transport.way import dial
from tests.faults.conftest import COUNTS, FINISH, Laptop, laptop
from tests.ssh.server import SshServer
from tests.transport.test_login import write_config

__all__ = ["laptop"]
REPOSITORY = Path(__file__).parents[2]


def test_work_aside_has_a_limit_and_its_own_errors_pass() -> None:
    with pytest.raises(TimeoutError, match=r"no answer within 0\.1 s"):
        within(0.1, lambda: time.sleep(5), "slow")
    with pytest.raises(ZeroDivisionError):
        within(5, lambda: 1 // 0, "wrong")
    assert within(5, lambda: "done", "quick") == "done"


# What an agent may do with a question.
def _nothing(near: socket.socket) -> None:
    time.sleep(30)


def _drips(near: socket.socket) -> None:
    near.sendall(struct.pack(">I", 1000))
    while True:
        near.sendall(b"\x0c")
        time.sleep(0.2)


def _announces_much(near: socket.socket) -> None:
    near.sendall(struct.pack(">I", 0xFFFFFFFF) + b"\x0c" * 100)


def _counts_many(near: socket.socket) -> None:
    near.sendall(struct.pack(">IBI", 5, 12, 0xFFFFFFFF))


def _garbage(near: socket.socket) -> None:
    near.sendall(b"HTTP/1.0 200 OK\r\n\r\n" * 1000)
    near.recv(1)


AGENTS: dict[Callable[[socket.socket], None], str] = {
    _nothing: "it does not answer within 1 s",
    _drips: "it does not answer within 1 s",
    _announces_much: "an answer of 4294967295 bytes",
    _counts_many: "it does not tell its keys",
    _garbage: "it does not tell its keys",
}


@contextlib.contextmanager
def odd_agent(folder: Path, answer: Callable[[socket.socket], None]) -> Iterator[Path]:
    place = folder / "odd-agent"
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(place))
        listener.listen()

        def serve() -> None:
            with contextlib.suppress(OSError):
                while True:
                    near = listener.accept()[0]
                    near.recv(100)
                    with contextlib.suppress(OSError):
                        answer(near)

        threading.Thread(target=serve, daemon=True).start()
        yield place
        listener.shutdown(socket.SHUT_RDWR)


@pytest.mark.parametrize("answer", AGENTS, ids=lambda answer: answer.__name__)
def test_an_agent_that_does_not_answer_properly_costs_its_keys_alone(
    answer: Callable[[socket.socket], None],
    sshd: SshServer,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(ssh_agent, "_LIST_LIMIT_S", 1.0)
    trust = Trust(tmp_path / "known_hosts", passphrase=None)
    with odd_agent(tmp_path, answer) as place:
        monkeypatch.setenv("SSH_AUTH_SOCK", str(place))
        began = time.monotonic()
        with connect(sshd.host(), trust) as transport:
            transport.open()
        stranger = replace(sshd.host(), identity_file=None)
        with (
            connect(stranger, trust) as transport,
            pytest.raises(AuthenticationError) as caught,
        ):
            transport.open()
        assert time.monotonic() - began < 8
        assert AGENTS[answer] in caught.value.message
        if answer in (_nothing, _drips):
            assert "unset SSH_AUTH_SOCK to do without it" in caught.value.message


def test_a_silent_agent_that_ssh_config_names_is_left_out_as_ssh_config_does(
    sshd: SshServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ssh_agent, "_LIST_LIMIT_S", 0.5)
    (home := tmp_path / "home").mkdir()
    monkeypatch.setenv("HOME", str(home))
    host = replace(sshd.host(), identity_file=None)
    with odd_agent(tmp_path, _nothing) as place:
        write_config(home, f"Host *\n IdentityAgent {place}\n")
        with (
            connect(host, Trust(tmp_path / "known_hosts")) as transport,
            pytest.raises(AuthenticationError) as caught,
        ):
            transport.open()
    assert "say `IdentityAgent none` in ~/.ssh/config to do without it" in caught.value.message
    assert "SSH_AUTH_SOCK" not in caught.value.message
    assert caught.value.hint.startswith("Set `identity_file:`"), "nothing to confirm"


def test_an_agent_that_nobody_can_reach_is_not_waited_for(
    sshd: SshServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It takes no connection, and as many wait as may."""
    place = tmp_path / "full"
    with contextlib.ExitStack() as held:
        listener = held.enter_context(socket.socket(socket.AF_UNIX))
        listener.bind(str(place))
        listener.listen(0)
        for _ in range(3):
            waiting = held.enter_context(socket.socket(socket.AF_UNIX))
            waiting.setblocking(False)
            waiting.connect_ex(str(place))
        monkeypatch.setenv("SSH_AUTH_SOCK", str(place))
        opened = threading.Event()

        def login() -> None:
            with connect(sshd.host(), Trust(tmp_path / "known_hosts")) as transport:
                transport.open()
                opened.set()

        threading.Thread(target=login, daemon=True).start()
        assert opened.wait(10)


def test_a_name_that_nobody_looks_up_in_time_is_a_name_that_cannot_be_resolved(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_: time.sleep(20))
    began = time.monotonic()
    with pytest.raises(socket.gaierror, match="no answer within"):
        dial.dial("host.example.org", 22, 0.2)
    assert time.monotonic() - began < 3


def test_a_name_with_many_dead_addresses_is_given_up_in_all(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    dead = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("192.0.2.1", 9))] * 50
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_: dead)
    began = time.monotonic()
    with pytest.raises(OSError):
        dial.dial("host.example.org", 9, 0.2)
    assert time.monotonic() - began < 3


@pytest.mark.parametrize("hook", ["exec sleep 68", "while :; do echo name; sleep 0.1; done"])
def test_git_that_comes_to_no_end_is_told(
    hook: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    programs = tmp_path / "bin"
    programs.mkdir()
    (programs / "git").write_text(f"#!/bin/sh\n{hook}\n")
    (programs / "git").chmod(0o755)
    (tmp_path / ".git").mkdir()
    monkeypatch.setenv("PATH", f"{programs}:{os.environ['PATH']}")
    monkeypatch.setattr(listing, "_GIT_LIMIT_S", 0.5)
    with pytest.raises(UsageError, match="git does not list the files") as caught:
        listing.list_files(tmp_path)
    assert "git status" in caught.value.hint


class Trickle:
    """An HTTP server whose answer goes on for ever, a byte at a time or as fast as it can."""

    def __init__(self, pause_s: float) -> None:
        self._pause_s = pause_s
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                near = self._listener.accept()[0]
                threading.Thread(target=self._answer, args=(near,), daemon=True).start()

    def _answer(self, near: socket.socket) -> None:
        with contextlib.suppress(OSError):
            near.recv(65536)
            near.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n")
            while True:
                near.sendall(b" " if self._pause_s else b" " * 65536)
                time.sleep(self._pause_s)

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()


@pytest.mark.parametrize("pause_s", [0.1, 0.0])
def test_an_answer_of_runpods_that_goes_on_for_ever_is_cut_off(pause_s: float) -> None:
    server = Trickle(pause_s)
    api = Api(f"http://127.0.0.1:{server.port}", ApiKey("secret"), Patience(answer_s=1.0))
    began = time.monotonic()
    with contextlib.closing(server):
        if pause_s:
            with pytest.raises(HostUnreachable, match="to the end of an answer within 1 s"):
                api.call("GET", "/pods/x")
        else:
            assert len(api.call("GET", "/pods/x").body) < 8 << 20
    assert time.monotonic() - began < 5


def test_the_log_of_a_job_that_never_pauses_is_printed_as_far_as_it_is(laptop: Laptop) -> None:
    laptop.payload(COUNTS.replace("100", "1000") + FINISH)
    run = laptop.start("profile")
    laptop.wait_for_log("line 20")
    began = time.monotonic()
    outcome = laptop.run("logs", laptop.folder().name, "--host", "pod")
    assert time.monotonic() - began < 8
    assert run.poll() is None
    assert outcome.code == 0, outcome.err
    assert "line 20" in outcome.out
    assert "goes on" in outcome.err
    assert laptop.run("cancel").code == 0
    ended = laptop.run("logs", laptop.folder().name, "--host", "pod")
    assert "was cancelled" in ended.err
