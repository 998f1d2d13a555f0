"""The schema's JSON form: nothing lost, nothing guessed."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import signal
import subprocess
import sys
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from remote_payload.contract import codec
from remote_payload.contract.case import Case
from remote_payload.contract.dtypes import DType
from remote_payload.contract.records import BenchRecord
from remote_payload.contract.request import Provider, Request
from remote_payload.contract.words import Method, Stage, Status
from remote_payload.operators.attention.definition import attention_case

SHAPE = attention_case(16, 96, 512, 64, DType.FP16)
REQUEST = Request("r1", "feed", (Stage.BUILD, Stage.CHECK), (SHAPE,), (Provider("sdpa"),))


def test_a_request_survives_the_journey_unchanged() -> None:
    assert codec.loads(Request, codec.dumps(REQUEST)) == REQUEST


VALUES = st.one_of(st.booleans(), st.integers(0, 10**6), st.text())
AXES = st.lists(st.tuples(st.text(), VALUES)).map(tuple)


@given(st.builds(Case, st.text(), AXES, st.sampled_from(DType)))
def test_any_case_survives_the_journey_unchanged(case: Case) -> None:
    request = replace(REQUEST, cases=(case,))
    (came,) = codec.loads(Request, codec.dumps(request)).cases
    assert came == case
    # A switch is no number: True == 1.
    assert [type(value) for _, value in came.axes] == [type(value) for _, value in case.axes]


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False)))
def test_samples_come_back_bit_for_bit(samples: list[float]) -> None:
    record = BenchRecord("sdpa", SHAPE, Method.COLD, Status.OK, samples_us=tuple(samples))
    assert codec.loads(BenchRecord, codec.dumps(record)) == record


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_numbers_that_strict_json_cannot_hold_are_refused(value: float) -> None:
    with pytest.raises(codec.CodecError):
        codec.dumps(BenchRecord("sdpa", SHAPE, Method.COLD, Status.OK, samples_us=(value,)))
    text = codec.dumps(BenchRecord("sdpa", SHAPE, Method.COLD, Status.OK, samples_us=(1.5,)))
    with pytest.raises(codec.CodecError):
        codec.loads(BenchRecord, text.replace("1.5", str(value).replace("inf", "Infinity")))


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"colour": 1}, r"colour: unknown key"),
        ({"cases": 5}, r"cases: expected a list, got int"),
        ({"cases": [{"batch": 16}]}, r"cases\[0\]\.batch: unknown key; known: axes, dtype"),
        ({"cases": [{"operator": 5}]}, r"cases\[0\]\.operator: expected str, got int"),
        (
            {"cases": [{"operator": "a", "axes": [["B"]]}]},
            r"cases\[0\]\.axes\[0\]: expected 2 items, got 1",
        ),
        (
            {"cases": [{"operator": "a", "axes": [["B", 1.5]]}]},
            r"cases\[0\]\.axes\[0\]\[1\]: expected (int|bool), got float",
        ),
        ({"seed": "42"}, r"seed: expected int, got str"),
        ({"seed": True}, r"seed: expected int, got bool"),
        ({"stages": ["fly"]}, r"stages\[0\]: expected one of 'build', 'check', 'bench'"),
        ({"run_id": None}, r"run_id: expected str, got null"),
        ({"check": []}, r"check: expected an object, got list"),
    ],
)
def test_what_does_not_fit_is_named_with_its_key(change: dict[str, object], complaint: str) -> None:
    document = json.loads(codec.dumps(REQUEST)) | change
    with pytest.raises(codec.CodecError, match=complaint):
        codec.decode(Request, document)


def test_a_missing_key_without_default_is_named() -> None:
    document = json.loads(codec.dumps(REQUEST))
    del document["snapshot"]
    with pytest.raises(codec.CodecError, match="snapshot: missing"):
        codec.decode(Request, document)


def test_an_older_document_without_a_new_optional_key_still_reads() -> None:
    document = json.loads(codec.dumps(REQUEST))
    del document["cpu_cases"]
    assert codec.decode(Request, document) == REQUEST


@given(st.text())
def test_arbitrary_text_never_raises_anything_but_a_codec_error(text: str) -> None:
    with pytest.raises(codec.CodecError):
        codec.loads(Request, text)


def test_an_atomic_write_replaces_the_whole_file_and_leaves_nothing_beside_it(
    tmp_path: Path,
) -> None:
    path = tmp_path / "x.json"
    path.write_text("old and longer")
    codec.write_atomic(path, "new")
    assert [p.name for p in tmp_path.iterdir()] == ["x.json"]
    assert path.read_text() == "new"


def test_a_write_removes_what_a_killed_writer_of_the_same_file_left_and_nothing_else(
    tmp_path: Path,
) -> None:
    left = tmp_path / f"x.json.{os.getppid()}.partial"  # by now the number is another process's
    others = (
        tmp_path / "x.json.77.partial",  # its writer lives, and be it on another machine
        tmp_path / "y.json.78.partial",
        tmp_path / "x.json.mine.partial",
    )
    for each in (left, *others):
        each.touch()
    with others[0].open("wb") as writing:
        fcntl.flock(writing, fcntl.LOCK_EX)
        codec.write_atomic(tmp_path / "x.json", "new")
        assert not left.exists()
        assert all(each.exists() for each in others)
    codec.write_atomic(tmp_path / "x.json", "newer")
    assert [each.exists() for each in others] == [False, True, True]


@pytest.mark.parametrize("number", [1, 2, 3])
def test_what_a_writer_left_that_was_killed_a_moment_ago_is_gone_after_the_next_write(
    tmp_path: Path, number: int
) -> None:
    place = tmp_path / "x.json"
    killed = (
        "import os, signal, sys\nfrom pathlib import Path\nfrom remote_payload.contract import codec\n"
        "left, whole = int(sys.argv[2]), os.fsync\n"
        "def fsync(handle):\n"
        "    global left\n    left -= 1\n    whole(handle)\n"
        "    left or os.kill(os.getpid(), signal.SIGKILL)\n"
        "os.fsync = fsync\n"
        "for text in '1234': codec.write_atomic(Path(sys.argv[1]), text)\n"
    )
    ended = subprocess.run([sys.executable, "-c", killed, place, str(number)], check=False)
    assert ended.returncode == -signal.SIGKILL
    assert len(list(tmp_path.glob("*.partial"))) == 1
    codec.write_atomic(place, "new")
    assert [item.name for item in tmp_path.iterdir()] == ["x.json"]


def test_writers_of_one_file_neither_sweep_nor_cut_what_another_writes(tmp_path: Path) -> None:
    """Threads share the number in the name; processes sweep each other's."""
    place, length = tmp_path / "x.json", 300_000
    writing = (
        "import os, sys, threading\nfrom pathlib import Path\nfrom remote_payload.contract import codec\n"
        "def write():\n"
        "    for number in range(100):\n"
        f"        codec.write_atomic(Path(sys.argv[1]), str(number % 10) * {length})\n"
        "threads = [threading.Thread(target=write) for _ in range(3)]\n"
        "threading.excepthook = lambda failed: (print(failed, flush=True), os._exit(1))\n"
        "for each in threads: each.start()\n"
        "for each in threads: each.join()\n"
    )
    writers = [subprocess.Popen([sys.executable, "-c", writing, place]) for _ in range(3)]
    while any(writer.poll() is None for writer in writers):
        with contextlib.suppress(FileNotFoundError):  # none has written yet
            seen = place.read_text()
            assert (len(seen), len(set(seen))) == (length, 1)
    assert [writer.returncode for writer in writers] == [0, 0, 0]
    assert place.read_text() == "9" * length
    assert [item.name for item in tmp_path.iterdir()] == ["x.json"]


@dataclass(frozen=True)
class End:
    """As the orchestrator writes its optional fields."""

    exit_status: int | None = None


def test_optional_fields_are_checked_however_they_are_written() -> None:
    assert codec.loads(End, '{"exit_status": 3}') == End(3)
    assert codec.loads(End, '{"exit_status": null}') == End()
    with pytest.raises(codec.CodecError, match="exit_status: expected int, got str"):
        codec.loads(End, '{"exit_status": "x"}')
