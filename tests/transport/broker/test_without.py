"""What stands in the way of a broker costs the connection that is kept, never the command."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

import pytest

from orchestrator.errors import HostKeyError, HostUnreachable, OrchestratorError
from orchestrator.transport.broker import transport
from orchestrator.transport.broker.place import alone, socket_of
from orchestrator.transport.connect import connect
from orchestrator.transport.login.trust import FirstContact
from orchestrator.values.command import Command
from orchestrator.values.host import Host
from tests.ssh.server import PASSPHRASE
from tests.transport.broker.conftest import REPOSITORY, Desk, processes, until

HELLO = Command(("echo", "hello"))
NOBODY = 65534
AS_ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="only root can be another user")
# The user of a listening socket is whoever calls listen().
LISTENING = """
import os, socket, sys
ear = socket.socket(socket.AF_UNIX)
ear.bind(sys.argv[1])
os.setuid(int(sys.argv[2]))
ear.listen()
print("listens", flush=True)
near, _ = ear.accept()
print(near.recv(100), flush=True)
"""
ASKING = """
import os, socket, sys
os.setuid(int(sys.argv[2]))
near = socket.socket(socket.AF_UNIX)
near.connect(sys.argv[1])
print("let in as far as the socket")
try:
    near.sendall(b'J\\0\\0\\0\\x10{"op": "status"}')
    print(near.recv(100))
except (BrokenPipeError, ConnectionResetError):
    print(b"")
"""


def _run_directly(desk: Desk, why: str) -> None:
    before = desk.logins()
    with desk.way() as way:
        assert way.run(HELLO).stdout == b"hello\n"
        assert way.run(HELLO).ok
    assert desk.logins() == before + 1
    assert len(desk.told) == 1
    assert desk.told[0].startswith("no connection to pod (127.0.0.1:")
    assert why in desk.told[0]
    assert not processes(desk.home)


def test_that_a_folder_that_cannot_be_made_leaves_a_direct_connection(desk: Desk) -> None:
    (desk.home / ".orchestrator").write_text("in its place")
    _run_directly(desk, ".orchestrator/run cannot be made: Not a directory")


def test_that_a_folder_open_to_others_is_not_used(desk: Desk) -> None:
    (desk.home / ".orchestrator" / "run").mkdir(parents=True)
    (desk.home / ".orchestrator" / "run").chmod(0o755)
    _run_directly(desk, "is open to others")


def test_that_a_broker_that_does_not_start_leaves_a_direct_connection(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "executable", "/no/such/python")
    _run_directly(desk, "its program cannot be started: No such file or directory")


@AS_ROOT
def test_that_the_socket_of_another_user_is_not_spoken_to(desk: Desk) -> None:
    place = socket_of(desk.trust.known_hosts, "pod")
    words = [sys.executable, "-c", LISTENING, str(place), str(NOBODY)]
    with subprocess.Popen(words, stdout=subprocess.PIPE) as other:
        assert other.stdout
        assert other.stdout.readline() == b"listens\n"
        _run_directly(desk, "another user's program listens")
        assert other.stdout.readline() == b"b''\n"
    place.unlink()


@AS_ROOT
def test_that_another_user_gets_no_answer(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    # Whoever is in the way of another user is opened: the folder, and the socket's own rights.
    with tempfile.TemporaryDirectory(dir="/tmp") as runtime:
        monkeypatch.setenv("XDG_RUNTIME_DIR", runtime)
        with desk.way() as way:
            way.open()
            place = socket_of(desk.trust.known_hosts, "pod")
            assert place.parent == Path(runtime, "orchestrator")
            for path, mode in ((Path(runtime), 0o711), (place.parent, 0o711), (place, 0o666)):
                path.chmod(mode)
            done = subprocess.run(
                [sys.executable, "-c", ASKING, str(place), str(NOBODY)],
                capture_output=True,
                text=True,
                check=False,
            )
            assert (done.stdout, done.stderr) == ("let in as far as the socket\nb''\n", "")
            place.parent.chmod(0o700)
            os.kill(desk.broker(), signal.SIGTERM)
            assert until(lambda: not place.exists())


def test_that_questions_reach_the_person_once(desk: Desk) -> None:
    asked: list[str] = []

    def passphrase(question: str) -> str:
        asked.append(question)
        return PASSPHRASE

    def trusted(question: str, fingerprint: str) -> bool:
        asked.append(fingerprint)
        return True

    desk.host = replace(desk.host, host_key=None, identity_file=desk.server.keys.encrypted)
    desk.trust = replace(
        desk.trust, first_contact=FirstContact.ASK, ask=trusted, passphrase=passphrase
    )
    for _ in range(2):
        with desk.way() as way:
            assert way.run(HELLO).ok
    assert asked[0] == desk.server.fingerprint
    assert len(asked) == 2
    assert desk.told == []


def test_that_no_secret_stands_in_the_command_line_of_the_broker(desk: Desk) -> None:
    desk.host = replace(
        desk.host,
        identity_file=desk.server.keys.encrypted,
        env=(("API_TOKEN", "hunter2"),),
    )
    desk.trust = replace(desk.trust, passphrase=lambda question: PASSPHRASE)
    with desk.way() as way:
        way.open()
        facts = Path("/proc", str(desk.broker()))
        said = (facts / "cmdline").read_bytes() + (facts / "environ").read_bytes()
    assert PASSPHRASE.encode() not in said
    assert b"hunter2" not in said
    assert {str((facts / "fd" / name).readlink()) for name in "012"} == {"/dev/null"}


@pytest.mark.parametrize(
    ("changes", "kind"),
    [
        ({"host_key": "SHA256:" + "A" * 43}, HostKeyError),
        ({"host_key": None}, HostKeyError),
        ({"port": 1}, HostUnreachable),
    ],
    ids=["another key than the pinned one", "an unknown key", "nobody listens"],
)
def test_that_a_host_that_cannot_be_reached_is_told_in_the_same_words(
    desk: Desk, changes: dict[str, object], kind: type[OrchestratorError]
) -> None:
    host: Host = replace(desk.host, **changes)  # type: ignore[arg-type]
    told = []
    for way in (desk.way(host=host), connect(host, desk.trust)):
        with way, pytest.raises(kind) as caught:
            way.open()
        told.append((type(caught.value), caught.value.message, caught.value.hint))
    assert told[0] == told[1]
    assert desk.told == []


def test_that_a_command_that_dies_while_it_connects_leaves_no_broker(desk: Desk) -> None:
    with socket.create_server(("127.0.0.1", 0)) as mute:
        desk.host = replace(desk.host, port=mute.getsockname()[1])
        environment = {**os.environ, "PYTHONPATH": str(REPOSITORY)}
        with subprocess.Popen(desk.command(), cwd=REPOSITORY, env=environment) as command:
            near, _ = mute.accept()  # the broker connects, and hears nothing
            with near:
                assert len(processes(desk.home)) == 1
                command.kill()
                assert until(desk.nothing_is_left)


def test_that_a_broker_that_is_logged_in_has_no_process_beside_it(desk: Desk) -> None:
    with desk.way() as way:
        way.open()
        broker = desk.broker()
        assert Path(f"/proc/{broker}/task/{broker}/children").read_text() == ""
        assert os.getsid(broker) not in (broker, os.getsid(0))
        assert Path(f"/proc/{broker}/cwd").readlink() == Path("/")


def test_that_a_command_that_waits_too_long_for_another_goes_its_own_way(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transport, "_TURN_LIMIT_S", 0.2)
    with alone(socket_of(desk.trust.known_hosts, "pod"), 1.0):  # it may be asking a person
        _run_directly(desk, "another command has been connecting for 0.2 s")


NONSENSE = (
    b"",
    b"GET / HTTP/1.0\r\n\r\n",
    b"J\xff\xff\xff\xff",
    b"J\0\0\0\x02{}",
    b"J\0\0\0\x02[]",
    b'J\0\0\0\x0c{"op":"use"}',
)


def test_that_nonsense_gets_no_answer_and_harms_nobody(desk: Desk) -> None:
    with desk.way() as way:
        way.open()
        for said in NONSENSE:
            with socket.socket(socket.AF_UNIX) as near:
                near.connect(str(socket_of(desk.trust.known_hosts, "pod")))
                near.sendall(said)
                near.shutdown(socket.SHUT_WR)
                with contextlib.suppress(ConnectionResetError):
                    assert near.recv(100) == b""
        assert way.run(HELLO).ok
