"""What a provider's process sends is read, and never run; what it prints is no line of ours."""

from __future__ import annotations

import os
import pickle
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from remote_payload.contract.words import NOTE_MARK, PROGRESS_MARK, Method, Status
from remote_payload.processes.descent import descendants
from remote_payload.processes.overheard import harmless
from remote_payload.processes.plain_messages import NotPlain, read
from remote_payload.stages.apart.words import Given, NotCalled, Stored
from remote_payload.stages.bench.race import Entered, Go, Taken, answers

SENT = (
    Taken((1.5, 2.0), (), 3.0),
    Given((Stored("a", (2,), (1,), "float16"),), b"\x80", 7),
    NotCalled(Status.SKIPPED, "not here"),
    ("ready", {"a": [1, None]}),
)


@pytest.mark.parametrize("message", SENT, ids=lambda one: type(one).__name__)
def test_that_values_of_ours_are_read_as_they_were_sent(message: object) -> None:
    assert read(pickle.dumps(message)) == message


class _Runs:
    def __init__(self, *call: object) -> None:
        self._call = call

    def __reduce__(self) -> tuple[object, tuple[object, ...]]:
        return self._call[0], self._call[1:]


@pytest.mark.parametrize(
    "call", [(os.system, "true"), (eval, "1"), (getattr, "a", "b"), (Path, "a"), (harmless, b"")]
)
def test_that_whatever_would_be_called_is_refused(call: tuple[object, ...]) -> None:
    with pytest.raises(NotPlain, match="which is no value of ours"):
        read(pickle.dumps(_Runs(*call)))


def test_that_values_of_another_type_than_their_field_are_refused() -> None:
    for wrong in (Taken("12"), Taken((1.0, "2")), NotCalled("ok", "")):  # type: ignore[arg-type]
        with pytest.raises(NotPlain, match="that does not fit"):
            read(pickle.dumps(wrong))
    with pytest.raises(NotPlain, match="cannot be read"):
        read(b"\x80\x04none")


def test_that_an_answer_to_something_else_or_without_numbers_is_none() -> None:
    go = Go(Method.COLD, 1, 1, samples=2)
    assert answers(go, Taken((1.0, 2.0)))
    for said in (Taken((1.0,)), Taken((1.0, float("nan"))), Entered((1.0,)), None):
        assert not answers(go, said)


def test_that_no_line_of_a_worker_bears_a_mark_of_ours() -> None:
    for mark in (PROGRESS_MARK, NOTE_MARK):
        shown = harmless(f"a\r{mark}b\n{mark}c".encode()).decode()
        assert mark not in shown
        assert shown.count(mark[1:]) == 2


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="needs Linux's /proc")
def test_that_whoever_left_the_group_of_its_parent_is_found() -> None:
    code = (
        "import os, time\n"
        "if os.fork() == 0:\n    os.setsid()\n    print(os.getpid(), flush=True)\n"
        "time.sleep(60)"
    )
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    child = int(process.stdout.readline())
    try:
        assert descendants(process.pid) == [child]
    finally:
        for pid in (child, process.pid):
            os.kill(pid, signal.SIGKILL)
        process.communicate()
