"""A connection that outlives commands: who gets it, and when it ends."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from orchestrator.errors import LinkLost
from orchestrator.transport.broker import place as place_of
from orchestrator.transport.broker import transport
from orchestrator.transport.broker.transport import BrokerTransport
from orchestrator.transport.login.known_hosts import forget
from orchestrator.transport.login.trust import FirstContact
from orchestrator.values.command import Command
from tests.ssh.link import LossyLink
from tests.ssh.server import SshServer
from tests.transport.broker.conftest import REPOSITORY, Desk, sockets, until
from tests.transport.conftest import copied

HELLO = Command(("echo", "hello"))


def test_that_commands_one_after_another_log_in_once(desk: Desk) -> None:
    before = desk.logins()
    for _ in range(3):
        with desk.way() as way:
            assert way.run(HELLO).stdout == b"hello\n"
    assert desk.logins() == before + 1
    assert desk.told == []


@pytest.mark.parametrize("killed", [False, True], ids=["at first", "after one was killed"])
def test_that_commands_that_begin_at_once_share_one_connection(desk: Desk, killed: bool) -> None:
    if killed:  # the number of its socket, which is still there, may be that of the next one
        with desk.way() as way:
            way.open()
        os.kill(desk.broker(), signal.SIGKILL)
    before, together = desk.logins(), threading.Barrier(4)
    seen: list[bytes] = []

    def command() -> None:
        with desk.way() as way:
            seen.append(way.run(HELLO).stdout)
            together.wait()
            together.wait()

    with ThreadPoolExecutor(3) as pool:
        for _ in range(3):
            pool.submit(command)
        together.wait()
        assert desk.commands() == 1  # of this process
        together.wait()
    assert seen == [b"hello\n"] * 3
    assert desk.logins() == before + 1
    assert until(lambda: desk.commands() == 0)


def test_that_it_ends_by_itself_when_it_was_not_used_for_so_long_and_not_before(desk: Desk) -> None:
    with desk.way(persist_s=1.0) as way:
        way.open()
        time.sleep(2.5)
        assert way.run(HELLO).ok
    assert until(desk.nothing_is_left)


@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGTERM])
def test_that_a_signal_ends_it_and_the_next_command_connects_anew(
    desk: Desk, number: signal.Signals
) -> None:
    before = desk.logins()
    with desk.way() as way:
        way.open()
    os.kill(desk.broker(), number)
    assert until(desk.nothing_is_left)
    with desk.way() as way:
        assert way.run(HELLO).ok
    assert desk.logins() == before + 2


def test_that_it_dies_with_the_login_that_used_it(desk: Desk) -> None:
    # A login's shell: it leads the session, starts a command, and waits until it is told to go.
    words = desk.command()
    shell = subprocess.Popen(
        ["/bin/sh", "-c", '"$@" && echo done && read line', "sh", *words],
        cwd=REPOSITORY,
        env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        start_new_session=True,
    )
    with shell:
        assert shell.stdout
        assert shell.stdin
        assert shell.stdout.readline() == b"done\n"
        assert desk.broker()
        shell.stdin.write(b"\n")
    assert until(desk.nothing_is_left)


def _another_entry(desk: Desk) -> None:
    desk.host = replace(desk.host, address="localhost")


def _the_key_written_anew(desk: Desk) -> None:
    assert desk.host.identity_file
    copied(desk.server.keys.client, desk.host.identity_file)


def _another_configuration(desk: Desk) -> None:
    (desk.home / ".ssh").mkdir(mode=0o700)
    (desk.home / ".ssh" / "config").write_text("Host *\n  ConnectTimeout 9\n")


def _a_key_that_is_not_pinned(desk: Desk) -> None:
    desk.host = replace(desk.host, host_key=None)
    desk.trust = replace(desk.trust, first_contact=FirstContact.ACCEPT)


def _a_host_key_forgotten(desk: Desk) -> None:
    assert forget(desk.trust.known_hosts, desk.host.name)


def _has_ended(pid: int) -> bool:
    return not Path(f"/proc/{pid}").exists()


CHANGES: tuple[Callable[[Desk], None], ...] = (
    _another_entry,
    _the_key_written_anew,
    _another_configuration,
    _a_key_that_is_not_pinned,
    _a_host_key_forgotten,
)


def test_that_it_outlives_no_change_of_inventory_key_configuration_or_known_hosts(
    desk: Desk,
) -> None:
    mine = desk.home / "keys" / "mine"
    copied(desk.server.keys.client, mine)
    desk.host = replace(desk.host, identity_file=mine)
    with desk.way() as way:
        assert way.run(HELLO).ok
    for change in CHANGES:
        before, old = desk.logins(), desk.broker()
        change(desk)
        with desk.way() as way:
            assert way.run(HELLO).ok
        assert desk.logins() == before + 1, change.__name__
        assert desk.broker() not in (0, old)
        assert until(partial(_has_ended, old)), change.__name__
    assert desk.told == []


def test_that_a_command_in_use_keeps_the_connection_that_another_may_not_have(desk: Desk) -> None:
    with desk.way() as way:
        way.open()
        _another_entry(desk)
        with desk.way() as other:
            assert other.run(HELLO).ok
        assert way.run(HELLO).ok


def test_that_a_pod_that_moved_is_not_reached_where_it_was(
    desk: Desk, lossy_link: Callable[..., LossyLink]
) -> None:
    places = [lossy_link(), lossy_link()]
    ports = iter([places[0].port, places[0].port, places[1].port])
    pod = replace(desk.host, address=None, port=None, pod="abc123")
    logins = []
    for _ in range(3):
        port = next(ports)
        way = desk.way(host=pod)
        way._locate = lambda host, port=port: replace(host, address="127.0.0.1", port=port)
        with way:
            assert way.run(HELLO).ok
        logins.append(desk.logins())
    assert logins[1] == logins[0]
    assert logins[2] == logins[0] + 1


def test_that_a_dropped_link_is_lost_to_the_command_and_its_next_use_connects(
    desk: Desk, lossy_link: Callable[..., LossyLink]
) -> None:
    link = lossy_link()
    before = desk.logins()
    with desk.way(host=replace(desk.host, port=link.port)) as way:
        with way.stream(Command(("sleep", "60"))) as channel:
            link.cut()
            with pytest.raises(LinkLost, match="is no longer connected"):
                channel.receive(10, 20.0)
            assert channel.exit_status(5.0) is None
            assert not channel.is_alive()
        assert way.run(HELLO).ok
    assert desk.logins() == before + 2
    assert desk.told == []


def test_that_a_killed_broker_is_a_lost_link_and_its_socket_in_nobodys_way(desk: Desk) -> None:
    with desk.way() as way:
        with way.stream(Command(("sleep", "60"))) as channel:
            os.kill(desk.broker(), signal.SIGKILL)
            with pytest.raises(LinkLost):
                channel.receive(10, 20.0)
        assert len(sockets(desk.home)) == 1
        assert way.run(HELLO).ok
    with desk.way() as way:
        assert way.run(HELLO).ok
    assert desk.told == []


def test_that_a_host_without_room_for_one_more_command_is_reached_directly(
    desk: Desk, sshd_variant: Callable[..., SshServer]
) -> None:
    narrow = sshd_variant("MaxSessions 1")
    desk.host, desk.server = narrow.host(), narrow
    with desk.way() as way, way.stream(Command(("cat",))) as channel, desk.way() as other:
        assert other.run(HELLO).ok
        channel.send(b"still here")
        assert channel.receive(10, 20.0) == b"still here"
    assert "no room for one more command" in desk.told[0]


def test_that_closing_ends_streams_and_commands_that_are_being_started(desk: Desk) -> None:
    before = desk.logins()
    with desk.way() as way:
        gone = pytest.raises(LinkLost, match="is no longer connected")
        with way.stream(Command(("sleep", "60"))) as channel, closing(way), gone:
            channel.receive(10, 3.0)
        way.open()
        broker = desk.broker()
        os.kill(broker, signal.SIGSTOP)  # it answers nobody
        # The first time there is a connection, the second time one is asked for.
        for words in ("is no longer connected", "was let go while we connected"):
            began_s = time.monotonic()
            with closing(way), pytest.raises(LinkLost, match=words):
                way.run(HELLO)
            assert time.monotonic() - began_s < 5.0
        os.kill(broker, signal.SIGCONT)
        assert way.run(HELLO).ok
    assert desk.logins() == before + 1


def test_that_a_broker_that_answers_nobody_is_waited_for_once(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    with desk.way() as way:
        way.open()
    deaf, asked = desk.broker(), []

    def reached(place: Path, limit_s: float) -> socket.socket | None:
        asked.append(place)
        return place_of.reached(place, limit_s)

    monkeypatch.setattr(transport, "reached", reached)
    monkeypatch.setattr(transport, "_ANSWER_LIMIT_S", 3.0)
    os.kill(deaf, signal.SIGSTOP)
    try:
        for questions in (2, 1):  # the deaf one and its successor, which stays
            with desk.way() as way:
                assert way.run(HELLO).ok
            assert len(asked) == questions
            asked.clear()
        assert desk.broker() not in (0, deaf)
    finally:
        os.kill(deaf, signal.SIGKILL)


@contextmanager
def closing(way: BrokerTransport) -> Iterator[None]:
    """Have it closed by another thread in a moment; after the block it has been."""
    other = threading.Timer(0.5, way.close)
    other.start()
    try:
        yield
    finally:
        other.join()


@pytest.mark.slow
def test_that_a_line_that_falls_silent_while_nobody_uses_it_ends_it(
    desk: Desk, lossy_link: Callable[..., LossyLink]
) -> None:
    link = lossy_link()
    with desk.way(host=replace(desk.host, port=link.port)) as way:
        way.open()
    link.blackhole()
    assert until(desk.nothing_is_left, 40.0)
