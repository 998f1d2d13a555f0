"""Processes that were started before anybody needed them."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from remote_payload.processes import standby
from remote_payload.processes.isolate import Died, Pipe, Worker
from remote_payload.processes.standby import RESERVE, NotBorn
from remote_payload.warm.reserve import foresee

_DID: list[str] = []


@pytest.fixture(autouse=True)
def nobody_is_left() -> Iterator[None]:
    yield
    while len(RESERVE):
        RESERVE.take().process.kill()


def look_ahead() -> None:
    _DID.append("looked ahead")


def fail() -> None:
    raise RuntimeError("nothing comes of it")


def tell(pipe: Pipe, word: str) -> None:
    pipe.send((word, os.getpid(), str(Path.cwd()), sys.path[0], tuple(_DID)))


def told(word: str) -> tuple[str, int, str, str, tuple[str, ...]]:
    with Worker(tell, word) as worker:
        found: tuple[str, int, str, str, tuple[str, ...]] = worker.receive(20.0)
    return found


def test_that_one_is_used_once_and_has_done_before_what_there_was_to_do() -> None:
    RESERVE.add(look_ahead)
    (ready,) = RESERVE.pids
    first, second = told("first"), told("second")
    assert (first[0], first[1], first[-1]) == ("first", ready, ("looked ahead",))
    assert (second[0], second[-1]) == ("second", ())
    assert second[1] != ready


def test_that_it_works_where_whoever_needs_it_is_by_then(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    RESERVE.add(look_ahead)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path / "modules"))
    assert told("here")[2:4] == (str(tmp_path), str(tmp_path / "modules"))


def test_that_one_that_has_died_meanwhile_is_passed_over() -> None:
    RESERVE.add(look_ahead)
    RESERVE.add(look_ahead)
    dead, ready = (one.process for one in RESERVE._spare)
    dead.kill()
    dead.join()
    assert told("alive")[1] == ready.pid


def test_that_one_that_dies_in_the_very_moment_is_said_to_have_died() -> None:
    RESERVE.add(look_ahead)
    (pid,) = RESERVE.pids
    os.kill(pid, signal.SIGSTOP)  # it lives, and will not say anything any more
    worker = Worker.begun(tell, "late")
    os.kill(pid, signal.SIGKILL)
    with pytest.raises(Died, match="killed by SIGKILL"):
        worker.meet()


def test_that_whoever_fails_to_look_ahead_works_all_the_same() -> None:
    RESERVE.add(fail)
    (ready,) = RESERVE.pids
    assert told("after all")[:2] == ("after all", ready)


def test_that_what_cannot_be_started_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    class NoMore:
        Pipe = staticmethod(standby.context().Pipe)

        class Process:
            def __init__(self, **_: object) -> None: ...

            def start(self) -> None:
                raise BlockingIOError(11, "Resource temporarily unavailable")

    monkeypatch.setattr(standby, "context", NoMore)
    with pytest.raises(NotBorn, match=r"could not start a worker process: .*temporarily"):
        RESERVE.add(look_ahead)
    with pytest.raises(Died, match=r"could not start a worker process: .*temporarily"):
        Worker(tell, "never")


def tamper(pipe: Pipe) -> None:
    """What is found after each of some changes, which are taken back."""
    import importlib

    from remote_payload.stages.apart.tampering import Tampering

    # Of ours, and not loaded by then.
    later: Any = importlib.import_module("remote_payload.operators.softmax.tensors")
    clock: Any = importlib.import_module("remote_payload.machine.clock")
    seen = Tampering()
    found = [seen.found()]
    for owner, name in ((time, "perf_counter"), (clock.CpuClock, "burst"), (later, "reference")):
        before = getattr(owner, name)
        setattr(owner, name, lambda *_: 0.0)
        found.append(seen.found())
        setattr(owner, name, before)
    pipe.send((*found, seen.found()))


def test_that_who_looked_ahead_still_sees_what_is_changed_and_what_came_later() -> None:
    RESERVE.add(foresee)
    with Worker(tamper) as worker:
        said = worker.receive(60.0)
    words = ["", "time.perf_counter", "clock.CpuClock.burst", "softmax.tensors.reference", ""]
    assert len(said) == len(words)
    for one, word in zip(said, words, strict=True):
        assert word in one
        assert bool(one) is bool(word)
