"""The public test double keeps the same promises that real transports keep."""

from __future__ import annotations

import pytest

from orchestrator.errors import LinkLost
from orchestrator.transport.base import Transport
from orchestrator.transport.scripted import ScriptedTransport
from orchestrator.values.command import Command
from orchestrator.values.completed import Completed
from orchestrator.values.host import Host, TransportKind

HOST = Host("pod", TransportKind.SSH, "/w", "python3", address="10.0.0.1")
CAT = Command(("cat",))


def echo(command: Command, stdin: bytes) -> Completed:
    return Completed(0, b" ".join(word.encode() for word in command.argv) + stdin, b"")


def test_a_run_is_answered_by_the_function_and_recorded() -> None:
    transport = ScriptedTransport(HOST, echo)
    as_any_other: Transport = transport
    with as_any_other as opened:
        assert opened.run(CAT, stdin=b" x").stdout == b"cat x"
    assert transport.commands == [CAT]


def test_a_stream_plays_its_pieces_within_the_limit_and_keeps_what_is_sent() -> None:
    transport = ScriptedTransport(HOST, echo, lambda command: [b"abc", b"d"])
    with transport.stream(CAT) as channel:
        channel.send(b"hello")
        assert [channel.receive(2, 1) for _ in range(4)] == [b"ab", b"c", b"d", b""]
    assert transport.channels[0].sent == b"hello"


def test_an_exception_in_the_script_is_raised_at_its_place() -> None:
    transport = ScriptedTransport(HOST, echo, lambda command: [b"a", LinkLost("gone")])
    with transport.stream(CAT) as channel:
        assert channel.receive(9, 1) == b"a"
        with pytest.raises(LinkLost, match="gone"):
            channel.receive(9, 1)
