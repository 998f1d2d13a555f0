"""What a report says of the tolerance, for results of today and of schema 1."""

from __future__ import annotations

from dataclasses import replace

from orchestrator.report.sections.findings import checks
from orchestrator.report.wording import allowed
from orchestrator.report.wording import format as fmt
from remote_payload.contract.dtypes import DType
from remote_payload.contract.facts import Gate, Over, Tolerance
from remote_payload.contract.records import CheckRecord, ErrorMeasure, Judged
from remote_payload.contract.request import Provider, Request
from remote_payload.contract.result import Result
from remote_payload.contract.words import Stage, Status
from remote_payload.operators.attention.definition import OPERATOR, attention_case

ERROR = ErrorMeasure(4.9e-4, 0.11, 0, 512, 0, 0)


def result_of(*facts_of: DType, tolerance: Tolerance | None = None) -> Result:
    facts = [OPERATOR.facts_of(attention_case(1, 8, 512, 64, dtype)) for dtype in facts_of]
    if tolerance is not None:
        facts = [replace(one, tolerance=tolerance) for one in facts]
    checks = tuple(CheckRecord("sdpa", one.case, Status.OK, error=ERROR) for one in facts)
    request = Request(
        run_id="20261122-101530-local-check",
        snapshot="0" * 64,
        stages=(Stage.CHECK,),
        cases=tuple(one.case for one in facts),
        providers=(Provider("sdpa"),),
    )
    when = "2026-11-22T10:15:30Z"
    result = Result(request, Status.OK, "", when, when, checks=checks)
    return replace(result, operator=OPERATOR.facts, cases=tuple(facts))


def test_the_limits_of_elements_and_of_many_together_are_told() -> None:
    (note,) = allowed.note(result_of(DType.BF16))
    assert note.startswith(
        "Reference: attention in fp64 on the same inputs; a check passes if no element is off by "
        "more than 7.7 % of its row's spread + 1.7 % of its reference, and in root mean square no "
        "row by 3.2 %, no 32 rows together by 0.95 %, no output by 0.86 %. The spread of a row is"
    )


def test_fp16_has_the_original_limit_beside_it() -> None:
    (note,) = allowed.note(result_of(DType.FP16, DType.BF16))
    assert ", nor by more than 0.002 + 0.001 · the magnitude of its reference, and in root" in note
    assert note.count("(B=1 H=8 S=512 D=64 fp16); 7.7 %") == 1


def test_a_run_of_schema_1_says_what_it_always_said() -> None:
    (note,) = allowed.note(result_of(DType.FP16, tolerance=Tolerance((Gate(1e-3, 2e-3),))))
    assert note == (
        "Reference: attention in fp64 on the same inputs; a check passes if no element is off by "
        "more than 0.002 + 0.001 · the magnitude of its reference."
    )


def test_the_root_mean_square_has_a_column_where_it_was_taken_and_only_there() -> None:
    old = result_of(DType.FP16, DType.BF16)
    assert allowed.HEADER not in checks.checks(old).table.header
    gate = Gate(0.0, 0.0, 0.0086, Over.OUTPUT)
    error = replace(ERROR, judged=(Judged(gate, 0.25, 0, 1, 0, (0, 0, 0, 0)),))
    mixed = (replace(old.checks[0], error=error), old.checks[1])
    table = checks.checks(replace(old, checks=mixed)).table
    assert table.header[-1] == allowed.HEADER
    assert [row[-1] for row in table.rows] == ["0.21 % (0.86 %)", fmt.NONE]
