"""What attention has to do at the least, held against a mask that is counted."""

from __future__ import annotations

import pytest

from remote_payload.contract.case import Case
from remote_payload.contract.dtypes import DType
from remote_payload.operators.attention.definition import OPERATOR, attention_case
from tests.operators.attention_cases import CASES, of_type, sees

every_case = pytest.mark.parametrize("case", CASES.values(), ids=CASES)


def mask(case: Case) -> list[list[bool]]:
    keys = range(case.size("Skv", case.size("S")))
    return [[sees(case, query, key) for key in keys] for query in range(case.size("S"))]


def is_whole_triangle(case: Case) -> bool:
    """Causal, square, and no window that hides anything: what everybody counts as half a square."""
    seq = case.size("S")
    square = case.size("Skv", seq) == seq and case.size("W", 0) in (0, *range(seq, 2 * seq))
    return case.flag("causal") and square and seq > 1


@every_case
def test_every_score_that_the_mask_lets_through_is_worked_for(case: Case) -> None:
    seen = sum(map(sum, mask(case)))
    if is_whole_triangle(case):
        seen = case.size("S") ** 2 // 2
    heads = case.size("B") * case.size("H")
    work = OPERATOR.work(case)
    assert work is not None
    assert (work.exponentials, work.flop) == (heads * seen, heads * seen * 4 * case.size("D"))


@every_case
@pytest.mark.parametrize("dtype", OPERATOR.dtypes)
def test_each_byte_of_the_queries_of_the_keys_that_are_seen_and_of_the_output_moves_once(
    case: Case, dtype: DType
) -> None:
    columns = sum(map(any, zip(*mask(case), strict=True)))
    kv_heads = case.size("Hkv", case.size("H"))
    of_queries = case.size("B") * case.size("H") * case.size("S") * case.size("D")
    of_keys = case.size("B") * kv_heads * columns * case.size("D")
    work = OPERATOR.work(of_type(case, dtype))
    assert work is not None
    assert work.traffic_bytes == (2 * of_queries + 2 * of_keys) * dtype.size_bytes
    assert work.written_bytes == of_queries * dtype.size_bytes


def test_a_time_is_told_for_each_head_of_the_queries() -> None:
    facts = OPERATOR.facts_of(CASES["grouped heads"])
    assert (facts.per, OPERATOR.facts.per, OPERATOR.unit) == (6, "heads", "µs/head")


def test_the_headline_case_is_what_it_always_was() -> None:
    work = OPERATOR.work(attention_case(16, 96, 512, 64, DType.FP16))
    assert work is not None
    assert (work.flop, work.traffic_bytes) == (
        4 * 16 * 96 * 512 * 512 * 64,
        4 * 16 * 96 * 512 * 128,
    )
