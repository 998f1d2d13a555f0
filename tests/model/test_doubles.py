"""Rows that stand there twice, and samples that are not all that were taken."""

from __future__ import annotations

from dataclasses import replace

import pytest

from orchestrator.performance.objection import Severity
from orchestrator.performance.objections.every import objections
from remote_payload.contract.records import BenchRecord
from remote_payload.contract.result import Result
from remote_payload.contract.words import Status
from tests.model.test_objection import result_of
from tests.report import gone_wrong, synthetic

CASE = synthetic.case()
SDPA, OURS = (synthetic.bench(name, CASE, synthetic.samples(300.0)) for name in ("sdpa", "sparsek"))
OURS = replace(OURS, samples_us=synthetic.samples(250.0, 0.006))


def told(result: Result) -> list[str]:
    return [f"{one.about}: {one.text}" for one in objections(result)]


def test_that_a_timing_that_stands_there_twice_is_refused() -> None:
    better = replace(OURS, samples_us=synthetic.samples(200.0))
    found = objections(result_of(SDPA, OURS, better))
    assert [one.severity for one in found] == [Severity.ERROR]
    assert found[0].text == "there are 2 records of this timing, and a run makes one"
    assert found[0].about.startswith("sparsek, ")


def test_that_a_check_that_stands_there_twice_is_refused() -> None:
    result = result_of(SDPA, OURS)
    failed = synthetic.check("sparsek", CASE, status=Status.FAILED, reason="wrong")
    found = told(replace(result, checks=(*result.checks, failed)))
    assert found == [
        f"sparsek, {CASE.label}: there are 2 records of this check, and a run makes one"
    ]


def test_that_a_check_on_the_gpu_and_one_in_the_emulator_are_two() -> None:
    result = result_of(SDPA, OURS)
    emulated = synthetic.check("sparsek", CASE, emulated=True)
    assert told(replace(result, checks=(*result.checks, emulated))) == []


def test_that_the_best_samples_alone_are_refused() -> None:
    best = replace(OURS, samples_us=tuple(sorted(OURS.samples_us)[:12]))
    found = told(result_of(SDPA, best))
    assert len(found) == 1
    assert found[0].endswith(
        "12 samples, where others of its race have 20: they are not all that were taken"
    )


@pytest.mark.parametrize("starts", [(10, 10, 10), (10,), (20, 5)])
def test_that_samples_are_as_many_as_their_starts_gave(starts: tuple[int, ...]) -> None:
    found = told(result_of(SDPA, replace(OURS, starts=starts)))
    assert found == [
        f"sparsek, {CASE.label}, back_to_back: 20 samples, where its starts gave {sum(starts)}"
    ]


def test_that_samples_that_repeat_themselves_are_refused() -> None:
    block = synthetic.samples(250.0, 0.006, count=10)
    found = told(result_of(SDPA, replace(OURS, samples_us=block * 2)))
    assert len(found) == 1
    assert found[0].endswith("its samples are the same 10 again and again, to the last digit")


def quantised(record: BenchRecord) -> BenchRecord:
    """As a coarse timer gives them."""
    return replace(record, samples_us=tuple(2.0 * round(us / 2) for us in record.samples_us))


def test_that_honest_runs_meet_none_of_it() -> None:
    in_starts = [replace(one, starts=(5, 5, 5, 5)) for one in (SDPA, OURS)]
    partial = replace(OURS, status=Status.TIMEOUT, samples_us=OURS.samples_us[:7])
    for result in (
        synthetic.gpu_result(),
        synthetic.cpu_result(),
        gone_wrong.interrupted_result(),
        result_of(*in_starts),
        result_of(SDPA, partial),
        result_of(SDPA, replace(SDPA, control=True), OURS),
    ):
        assert not [line for line in told(result) if "records of" in line or "samples" in line]
    coarse = result_of(quantised(SDPA), quantised(OURS))
    assert not [line for line in told(coarse) if "again and again" in line]
