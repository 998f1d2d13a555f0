"""A command's connection that one thread closes while another one uses it."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable

import pytest

from orchestrator.errors import LinkLost
from orchestrator.transport.broker.channel import BrokerChannel, Line
from orchestrator.transport.broker.frames import Incoming
from orchestrator.values.host import Host, TransportKind

ROUNDS = 400
SOONEST_S = 2e-5  # each turn is closed a little later in its use than the one before
MUCH = b"x" * (1 << 20)  # more than a socket takes in

Use = Callable[[BrokerChannel], object]


def outcome_of(use: Use, turn: int, left: list[str]) -> BaseException | None:
    """What `use` raises where the channel is closed meanwhile; left: hears of a broker that went."""
    near, far = socket.socketpair()
    line = Line(near, Incoming(near), alive=lambda: True, gone=lambda: left.append("gone"))
    channel = BrokerChannel(Host("pod", TransportKind.SSH, "~/w", "python3"), line)
    raised: list[BaseException] = []
    begun = threading.Event()

    def using() -> None:
        begun.set()
        try:
            use(channel)
        except BaseException as error:
            raised.append(error)

    with far:
        thread = threading.Thread(target=using)
        thread.start()
        begun.wait(10)
        time.sleep(SOONEST_S * (turn % 20))
        channel.close()
        thread.join(10)
    assert not thread.is_alive(), "it still waits"
    return raised[0] if raised else None


@pytest.mark.parametrize(
    "use",
    [
        pytest.param(lambda channel: channel.send(MUCH), id="send"),
        pytest.param(lambda channel: channel.receive(100, 60), id="receive"),
    ],
)
def test_whoever_uses_a_channel_that_is_closed_hears_that_the_link_is_lost(use: Use) -> None:
    left: list[str] = []
    for turn in range(ROUNDS):
        assert isinstance(outcome_of(use, turn, left), LinkLost)
    assert not left, "the broker has not gone: we have closed our own channel"
