"""What a turn came to, by the result that came home."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from orchestrator.values.job import Ending, JobEnd
from orchestrator.workflows.watch.outcome import Word
from orchestrator.workflows.watch.places import Places
from orchestrator.workflows.watch.racing import Ran
from orchestrator.workflows.watch.states import Part
from orchestrator.workflows.watch.summing import Summed, summed
from remote_payload.contract.request import Provider
from remote_payload.contract.result import Result
from remote_payload.contract.words import Status
from tests.report import synthetic

RIGHT = synthetic.gpu_result()
CASES = [one.case for one in RIGHT.cases]
LATE = "check: the run's time limit has passed"


def sum_of(result: Result, names: Sequence[str] = ("sparsek",)) -> Summed:
    parts = [Part(Provider(name), f"providers/{name}", ()) for name in names]
    return summed(Ran(result, JobEnd(Ending.EXIT, 0), ""), parts, Places({}, Path()))


def reasons(of: Summed) -> list[str]:
    return [one.reason for one in of.troubles]


def test_that_it_is_right_where_all_passed_on_every_case() -> None:
    assert sum_of(RIGHT) == Summed(Word.RIGHT)


@pytest.mark.parametrize("status", [Status.TIMEOUT, Status.OK], ids=["told", "not told"])
def test_that_a_case_that_nobody_came_to_is_not_right(status: Status) -> None:
    checked = tuple(one for one in RIGHT.checks if one.case in CASES[:2])
    cut = replace(RIGHT, status=status, reason=LATE, checks=checked, bench=())
    assert sum_of(cut).word is Word.FAILED
    assert reasons(sum_of(cut)) == [LATE]


def test_that_a_race_that_ran_out_of_time_is_nobodys_fault() -> None:
    bench = tuple(replace(one, status=Status.TIMEOUT, reason="late") for one in RIGHT.bench)
    late = replace(RIGHT, status=Status.TIMEOUT, reason=LATE, bench=bench)
    assert (sum_of(late).word, reasons(sum_of(late))) == (Word.FAILED, [LATE])


@pytest.mark.parametrize("taken", [0, 3], ids=["before it", "within it"])
def test_that_our_own_error_in_a_race_is_told(taken: int) -> None:
    rest = [replace(one, status=Status.CANCELLED) for one in RIGHT.bench[taken:]]
    bench = (*RIGHT.bench[:taken], *rest) if taken else ()
    ours = replace(RIGHT, status=Status.FAILED, reason="bench: our own error", bench=bench)
    assert (sum_of(ours).word, reasons(sum_of(ours))) == (Word.FAILED, ["bench: our own error"])


def test_that_what_a_rival_did_is_not_held_against_who_is_watched() -> None:
    others = tuple(
        replace(one, status=Status.FAILED, reason="crashed") if one.provider == "sdpa" else one
        for one in RIGHT.bench
    )
    rival = replace(RIGHT, status=Status.FAILED, reason="bench: sdpa crashed", bench=others)
    assert sum_of(rival) == Summed(Word.RIGHT)


def test_that_who_cannot_run_there_is_named_once_beside_who_can() -> None:
    here = synthetic.cpu_result()
    both = sum_of(here, ("sdpa", "sparsek"))
    assert both.word is Word.RIGHT
    assert [(one.provider, one.reason, one.case) for one in both.troubles] == [
        ("sparsek", "needs a CUDA device", "")
    ]
    assert sum_of(here, ("sparsek",)).word is Word.FAILED


def test_that_why_it_was_not_timed_is_told() -> None:
    emulated = replace(RIGHT, status=Status.FAILED, reason="emulated here", unfit=True, bench=())
    assert (sum_of(emulated).word, reasons(sum_of(emulated))) == (Word.RIGHT, ["emulated here"])
