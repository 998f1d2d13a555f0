"""Records that contradict each other or themselves: what passed, what ran, and out of what."""

from __future__ import annotations

from dataclasses import replace

import pytest

from orchestrator.performance.objections.every import objections
from remote_payload.contract.facts import Gate, Over, Tolerance
from remote_payload.contract.records import CheckRecord, ErrorMeasure, Judged, Ruling
from remote_payload.contract.result import Result
from remote_payload.contract.words import Fault, Status
from tests.model.objections.objecting import CASE, doubt, error, result_of
from tests.report import synthetic

OURS = synthetic.bench("sparsek", CASE, synthetic.samples(300.0))


def checked(**changes: object) -> Result:
    return replace(result_of(OURS), checks=(synthetic.check("sparsek", CASE, **changes),))


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        pytest.param(
            {"error": ErrorMeasure(9.0, 9.0, 5000, 50331648, 0, 0)},
            "5000 of 50331648 elements outside the tolerance",
            id="mismatches",
        ),
        pytest.param(
            {"error": ErrorMeasure(4e-4, 0.1, 0, 50331648, 12, 0)}, "12 NaN and 0", id="NaN"
        ),
        pytest.param(
            {
                "error": ErrorMeasure(
                    *(4e-4, 0.1, 0, 64, 0, 0),
                    judged=(Judged(Gate(0, 0, 0.01, Over.ROW), 1.5, 3, 64),),
                )
            },
            "3 of 64 beyond a gate",
            id="a gate",
        ),
        pytest.param({"fault": Fault.INPUTS}, "what was wrong: inputs", id="a fault"),
        pytest.param(
            {"ruling": Ruling("check.py", False)}, "that check.py refused it", id="a judge"
        ),
    ],
)
def test_a_check_that_passed_and_says_that_it_did_not_refutes_its_times(
    changes: dict[str, object], told: str
) -> None:
    result = checked(**changes)
    assert told in error(result)
    untimed = replace(result, bench=())
    assert told in error(untimed)


def test_the_judge_of_a_problem_may_pass_what_our_tolerance_would_not() -> None:
    off = ErrorMeasure(9.0, 9.0, 5000, 50331648, 0, 0)
    assert objections(checked(error=off, ruling=Ruling("check.py", True))) == ()


def tolerated(*gates: Gate, check: CheckRecord | None = None) -> Result:
    result = checked() if check is None else replace(checked(), checks=(check,))
    cases = tuple(replace(one, tolerance=Tolerance(gates)) for one in result.cases)
    return replace(result, cases=cases)


@pytest.mark.parametrize(
    "gate", [Gate(1.0, 0.0), Gate(2.0, 1e-3), Gate(0.0, 0.0, 1.0, Over.OUTPUT)], ids=str
)
def test_a_tolerance_that_zeros_pass_is_an_error(gate: Gate) -> None:
    assert "which outputs of zeros pass" in error(tolerated(gate))


def test_an_absolute_tolerance_of_one_is_doubted_unless_outputs_are_larger() -> None:
    assert "unless they are larger" in doubt(tolerated(Gate(1e-3, 1.0)))
    large = replace(synthetic.check("sparsek", CASE).error or ErrorMeasure(0, 0, 0, 0, 0, 0))
    large = replace(large, worst_want=4096.0)
    assert (
        objections(tolerated(Gate(1e-3, 1.0), check=synthetic.check("sparsek", CASE, error=large)))
        == ()
    )


def test_one_gate_of_sense_is_enough() -> None:
    assert objections(tolerated(Gate(1.2, 0.0, 1.2), Gate(0.0, 0.0, 0.01, Over.OUTPUT))) == ()
    two = (Gate(1e-3, 1e-3, output=0), Gate(1.0, 0.0, output=1))
    assert "which outputs of zeros pass" in error(tolerated(*two))


def test_an_emulated_kernel_has_no_time() -> None:
    assert "ran in the emulator" in error(checked(emulated=True))


@pytest.mark.parametrize("status", [Status.FAILED, Status.TIMEOUT, Status.CANCELLED])
def test_a_kernel_whose_build_failed_has_no_time(status: Status) -> None:
    built = synthetic.built()
    assert objections(replace(result_of(OURS), build=built)) == ()
    text = error(replace(result_of(OURS), build=replace(built, status=status)))
    assert f"the build of its library ended as {status.value}" in text


def test_the_baseline_may_be_timed_where_our_build_failed() -> None:
    result = result_of(synthetic.bench("sdpa", CASE, synthetic.samples(370.0)))
    assert objections(replace(result, build=replace(synthetic.built(), status=Status.FAILED))) == ()


def test_another_library_than_the_one_built_is_an_error() -> None:
    result = result_of(replace(OURS, library_digest="90ab"))
    assert objections(result) == ()
    other = result_of(replace(OURS, library_digest="c0ffee"))
    assert error(other) == "it ran out of the library c0ffee, and this run built 90ab"
    check = synthetic.check("sparsek", CASE, library_digest="c0ffee")
    assert "out of the library c0ffee" in error(replace(result, checks=(check,)))
