"""The line of a watch to a host that lets it in no more."""

from __future__ import annotations

from pathlib import Path

import click
import pytest

from orchestrator.cli.session import Session
from orchestrator.cli.watching.begun import Way
from orchestrator.errors import AuthenticationError, LinkLost
from orchestrator.transport.base import Transport
from orchestrator.transport.local import LocalTransport
from orchestrator.values.host import Host, TransportKind
from orchestrator.workflows.watch import line as lines
from orchestrator.workflows.watch.line import Line
from orchestrator.workflows.watch.racing import Racer
from tests.faults.doubles import Said

HERE = Host("here", TransportKind.LOCAL, "~/work", "python3")


class Door(LocalTransport):
    """Opens by a script of errors; None: it opens. Behind its end it opens always."""

    def __init__(self, script: list[Exception | None]) -> None:
        super().__init__(HERE)
        self._script = script

    def open(self) -> None:
        if self._script and (wrong := self._script.pop(0)) is not None:
            raise wrong


class Idle:
    def __init__(self, transport: Transport) -> None:
        return


def line(script: list[Exception | None]) -> Line:
    return Line(lambda again: Door(script), Idle, Said())  # type: ignore[arg-type]


def come(transport: Transport, racer: Racer) -> str:
    return "come"


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lines, "_PAUSES_S", (0.001,))


def test_that_a_login_that_is_refused_again_and_again_ends_the_watch() -> None:
    refused = AuthenticationError("here refused every key")
    lost = LinkLost("gone")
    script: list[Exception | None] = [None, *[refused] * 2, lost, *[refused] * 2, None]
    script += [refused] * 3
    asked = line(script)
    asked.open()
    assert asked.done(come) == "come"
    with pytest.raises(AuthenticationError):
        asked.done(come)
    assert script == []


def test_that_to_connect_again_and_again_is_one_line_until_it_is_back(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """Each try asks the inventory anew, and a session notes every way that it makes."""
    (tmp_path / "inventory.yaml").write_text("hosts:\n  pod:\n    transport: local\n")
    script: list[Exception | None] = [None, *[LinkLost("the link was lost")] * 3, None]
    way = Way(Session(tmp_path / "inventory.yaml"), "pod", False, click.Context(click.Command("w")))

    def connect(again: bool) -> Transport:
        assert way.connect(again).host.name == "pod"
        return Door(script)

    said = Said()
    asked = Line(connect, Idle, said)  # type: ignore[arg-type]
    asked.open()
    assert asked.done(come) == "come"
    assert capfd.readouterr().err.count("connecting to pod") == 1
    assert len(said.lines) == 2
