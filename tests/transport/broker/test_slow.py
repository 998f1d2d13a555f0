"""A broker on a line where an answer takes longer than it would wait for one."""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from orchestrator.transport import ssh_channel
from orchestrator.transport.broker import serving
from orchestrator.transport.broker.frames import Incoming, send, send_json
from orchestrator.transport.broker.place import listening
from orchestrator.transport.broker.serving import Broker, Kept, Uses
from orchestrator.transport.connect import Trust
from orchestrator.transport.ssh import SshTransport
from tests.ssh.link import LossyLink
from tests.ssh.server import SshServer

LATENCY_S = 0.2  # an answer takes two
SINKS = ("sh", "-c", "cat > /dev/null")


@pytest.fixture
def link(lossy_link: Callable[..., LossyLink], monkeypatch: pytest.MonkeyPatch) -> LossyLink:
    """Fast at first; what asks is impatient."""
    monkeypatch.setattr(ssh_channel, "_ALIVE_LIMIT_S", 0.1)
    monkeypatch.setattr(serving, "_LOOK_EACH_S", 0.02)
    monkeypatch.setattr(serving, "_ASKED_EACH_S", 0.2)
    monkeypatch.setattr(serving, "_ANSWER_HOLDS_S", 0.6)
    monkeypatch.setattr(serving, "_LAST_ANSWERS_S", 0.0)
    return lossy_link()


@contextmanager
def served(host: SshServer, link: LossyLink, folder: Path) -> Iterator[tuple[SshTransport, Path]]:
    """A broker in this process; where it listens."""
    reached = replace(host.host(), port=link.port)
    place = folder / "broker.sock"
    with SshTransport(reached, Trust(folder / "known_hosts")) as transport:
        transport.open()
        with listening(place) as ear:
            kept = Kept(place, "digest", {}, "me")
            broker = threading.Thread(target=Broker(transport, ear, kept, Uses(600.0)).serve)
            broker.start()
            try:
                yield transport, place
            finally:
                transport.close()
                broker.join()


def asked(place: Path, words: dict[str, Any], ending: ExitStack) -> tuple[socket.socket, Any]:
    """A line to the broker, and its first answer."""
    near = ending.enter_context(socket.socket(socket.AF_UNIX))
    near.connect(os.fspath(place))
    send_json(near, words)
    return near, Incoming(near).json(5.0)


def test_that_a_line_in_use_is_not_hung_up_for_a_late_answer_and_an_idle_one_is(
    sshd: SshServer, link: LossyLink, tmp_path: Path
) -> None:
    use = {"op": "use", "digest": "digest", "pid": 1, "login": None, "persist_s": 600.0}
    with served(sshd, link, tmp_path) as (transport, place), ExitStack() as ending:
        near, said = asked(place, {"op": "exec", "argv": SINKS}, ending)
        assert said == {"ok": True}
        link.latency_s = LATENCY_S
        until_s = time.monotonic() + 0.8
        while time.monotonic() < until_s:  # of which the server says only that it takes more
            send(near, b"D", bytes(200_000))
            time.sleep(0.05)
        assert asked(place, use, ending)[1] == {"keys": {}}
        assert asked(place, {"op": "alive"}, ending)[1] == {"alive": True}
        assert transport.is_open
        near.close()
        until_s = time.monotonic() + 5.0
        while transport.is_open and time.monotonic() < until_s:
            time.sleep(0.02)
        assert not transport.is_open


def test_that_a_clock_that_was_set_back_makes_nobody_believe_in_a_line(
    sshd: SshServer, link: LossyLink, tmp_path: Path
) -> None:
    host = replace(sshd.host(), port=link.port)
    with SshTransport(host, Trust(tmp_path / "known_hosts")) as transport:
        transport.open()
        assert transport.answers()
        link.blackhole()
        assert transport.answers(60.0)  # it has just been heard
        raw: Any = transport._link
        raw.heard_s = time.time() + 3600.0
        assert not transport.answers(60.0)
        link.restore()
