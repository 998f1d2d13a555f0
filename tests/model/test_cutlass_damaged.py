"""Whatever becomes of a table of the CUTLASS profiler, no rate comes of it that nobody measured."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.readers.cutlass_csv import parse
from tests.ceilings.stand_in import row
from tests.model.test_cutlass_csv import table


@given(st.text())
def test_no_text_at_all_raises(text: str) -> None:
    assert parse(text).rows == ()


@given(st.binary())
def test_no_bytes_at_all_raise(data: bytes) -> None:
    parse(table() + data.decode("utf-8", "replace"))


GOOD = table(row("f16", 0.2), row("e4m3", 0.11), row("f16", 0.31, size=2048))
RATES = [found.rate_tflops for found in parse(GOOD).rows]


@given(
    st.lists(
        st.tuples(
            st.integers(0, len(GOOD)),
            st.integers(0, 12),
            st.text(",.0123456789e-\n\r\"' xm", max_size=6),
        ),
        min_size=1,
        max_size=1,
    )
)
def test_one_damaged_place_never_makes_a_rate_that_nobody_measured(
    edits: list[tuple[int, int, str]],
) -> None:
    text = GOOD
    for place, length, instead in edits:
        text = text[:place] + instead + text[place + length :]
    sheet = parse(text)
    for found in sheet.rows:
        near = [rate for rate in RATES if found.rate_tflops == pytest.approx(rate, rel=1e-4)]
        assert near, f"{found.rate_tflops} from {text!r}"


@given(
    st.lists(
        st.tuples(st.integers(0, len(GOOD)), st.integers(0, 40), st.text(max_size=4)), max_size=8
    )
)
def test_whatever_is_damaged_each_accepted_row_bears_out_its_own_rate(
    edits: list[tuple[int, int, str]],
) -> None:
    text = GOOD
    for place, length, instead in edits:
        text = text[:place] + instead + text[place + length :]
    for found in parse(text).rows:
        assert found.flops / found.runtime_ms / 1e9 == pytest.approx(found.rate_tflops)
        assert found.flops % (2 * found.m * found.n) == 0
        assert found.disposition.lower() == "passed"
