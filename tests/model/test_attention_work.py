"""How much work attention is, against figures worked out by hand and against counting."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.performance.work import gbs, intensity, size, tflops
from remote_payload.contract.case import Case
from remote_payload.contract.dtypes import DType
from remote_payload.contract.facts import CaseFacts, Work
from remote_payload.operators.attention.definition import OPERATOR, attention_case
from remote_payload.operators.attention.targets import CASE

sizes = st.integers(1, 24)


def work(case: Case) -> Work:
    found = OPERATOR.work(case)
    assert found is not None
    return found


def seen(case: Case) -> list[set[int]]:
    """The keys that each query sees, by the rule in words: counted, not worked out."""
    queries, keys = case.size("S"), case.size("Skv", case.size("S"))
    window = case.size("W", 0)
    found = []
    for query in range(queries):
        own = keys - queries + query  # the last query sees the last key
        last = own if case.flag("causal") else keys - 1
        first = max(0, own - window + 1) if window else 0
        found.append(set(range(first, last + 1)))
    return found


def test_the_work_of_the_target_case_is_the_published_one() -> None:
    found = work(CASE)
    assert found.flop == 103_079_215_104  # 4 * 16 * 96 * 512^2 * 64
    assert found.exponentials == 402_653_184  # 16 * 96 * 512^2
    assert found.traffic_bytes == 402_653_184  # 4 * 16 * 96 * 512 * 64 * 2
    assert found.written_bytes == found.traffic_bytes // 4
    assert found.matrix
    assert not found.counted
    assert OPERATOR.facts_of(CASE).per == 96


def test_a_causal_mask_halves_the_work_and_none_of_the_traffic() -> None:
    dense, masked = work(CASE), work(attention_case(16, 96, 512, 64, DType.FP16, causal=True))
    assert (2 * masked.flop, 2 * masked.exponentials) == (dense.flop, dense.exponentials)
    assert masked.traffic_bytes == dense.traffic_bytes


def test_fewer_heads_of_keys_are_less_traffic_and_the_same_work() -> None:
    all_heads, shared = work(CASE), work(attention_case(16, 96, 512, 64, DType.FP16, kv_heads=12))
    assert shared.flop == all_heads.flop
    assert shared.traffic_bytes == all_heads.traffic_bytes * (2 + 2 / 8) / 4


def test_one_query_reads_every_key_once() -> None:
    found = work(attention_case(1, 8, 1, 128, DType.BF16, kv_seq=4096, kv_heads=1))
    assert found.flop == 4 * 8 * 4096 * 128
    assert found.traffic_bytes == 2 * (2 * 8 * 128 + 2 * 4096 * 128)
    assert found.written_bytes == 2 * 8 * 128


def test_a_window_leaves_out_the_keys_that_no_query_sees() -> None:
    case = attention_case(1, 1, 4, 1, DType.FP16, causal=True, kv_seq=100, window=10)
    found = work(case)
    assert found.exponentials == 4 * 10
    assert found.traffic_bytes == 2 * (2 * 4 + 2 * 13)


def test_wider_elements_move_more_and_compute_the_same() -> None:
    narrow = work(attention_case(2, 3, 7, 32, DType.FP16))
    wide = work(attention_case(2, 3, 7, 32, DType.FP32))
    assert wide.flop == narrow.flop
    assert wide.traffic_bytes == 2 * narrow.traffic_bytes


@given(sizes, sizes, st.integers(1, 24), st.booleans())
def test_scores_and_keys_are_those_that_the_mask_lets_through(
    queries: int, more: int, window: int, windowed: bool
) -> None:
    case = attention_case(
        1, 1, queries, 1, DType.FP16, True, kv_seq=queries + more, window=window if windowed else 0
    )
    found, each = work(case), seen(case)
    counted = sum(len(keys) for keys in each)
    # Without a window half the square counts as everybody counts it: without its own diagonal.
    slack = 0 if windowed and window < queries + more else (queries + 1) // 2
    assert counted - slack <= found.exponentials <= counted
    assert found.flop == 4 * found.exponentials
    keys = len(set().union(*each))
    assert found.traffic_bytes == 2 * (2 * queries + 2 * keys)


def test_rates_follow_from_work_and_time() -> None:
    facts = OPERATOR.facts_of(CASE)
    assert tflops(facts, 366.72) == pytest.approx(281.1, abs=0.1)
    assert gbs(facts, 366.72) == pytest.approx(1098, abs=1)
    assert intensity(facts) == 256
    assert size(facts) == 103_079_215_104


def test_without_known_work_there_is_no_rate_and_no_zero() -> None:
    unknown = CaseFacts(CASE, None)
    assert (tflops(unknown, 1.0), gbs(unknown, 1.0), intensity(unknown)) == (None, None, None)
    assert size(unknown) == 0
    moved = CaseFacts(CASE, Work(0, 4000, 2000, matrix=False))
    assert (tflops(moved, 1.0), gbs(moved, 1.0), intensity(moved)) == (None, 4.0, None)
    assert size(moved) == 4000
