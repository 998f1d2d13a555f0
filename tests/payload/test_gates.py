"""Gates over elements, rows, bands and outputs: what each sees, however the reference comes."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

pytest.importorskip("torch")

import torch

from remote_payload.contract import codec
from remote_payload.contract.dtypes import DType
from remote_payload.contract.facts import Gate, Over, Tolerance
from remote_payload.contract.records import ErrorMeasure
from remote_payload.operators.base import Block
from remote_payload.operators.drawing import torch_dtype
from remote_payload.operators.judging import measure_error, tolerance
from remote_payload.operators.judging.rows import width_of

FLOATS = [one for one in DType if one.rounds and hasattr(torch, one.facts.torch)]
ONE_ROUNDING = {dtype: tolerance.of_sums(dtype, 1) for dtype in FLOATS}


def blocks(want: torch.Tensor, size: int, output: int = 0) -> list[Block]:
    flat = want.flatten()
    starts = range(0, flat.numel(), size)
    return [Block(start, flat[start : start + size].double(), output) for start in starts]


def judged(out: torch.Tensor, want: torch.Tensor, allowed: Tolerance) -> ErrorMeasure:
    return measure_error.measure((out,), blocks(want, want.numel() or 1), allowed)


def normal(*size: int, seed: int = 0) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(*size, generator=generator, dtype=torch.float64)


@pytest.mark.parametrize("dtype", FLOATS, ids=lambda dtype: dtype.value)
@pytest.mark.parametrize("scale", [1e-7, 1e-3, 1.0, 100.0])
@pytest.mark.parametrize("size", [(1, 1), (5, 1), (3, 7), (40, 64), (4, 5000), (100_000,)])
def test_what_is_rounded_once_passes_at_any_scale_and_form(
    dtype: DType, scale: float, size: tuple[int, ...]
) -> None:
    want = scale * normal(*size)
    out = want.to(torch_dtype(dtype))
    error = judged(out, want, ONE_ROUNDING[dtype])
    assert (measure_error.describe(error), error.elements) == ("", want.numel())


@given(
    st.tuples(st.integers(1, 90), st.integers(1, 300)),
    st.integers(1, 2000),
    st.integers(0, 1000),
    st.floats(0, 3),
)
@settings(max_examples=30, deadline=None)
def test_blocks_of_any_size_give_the_same_measure(
    size: tuple[int, int], block: int, seed: int, times: float
) -> None:
    want = normal(*size, seed=seed)
    allowed = ONE_ROUNDING[DType.BF16]
    out = (want * (1 + times * 2.0**-8)).to(torch.bfloat16)
    whole = judged(out, want, allowed)
    parts = measure_error.measure((out,), blocks(want, block), allowed)
    assert (parts.mismatches, parts.first, parts.elements) == (
        whole.mismatches,
        whole.first,
        whole.elements,
    )
    for a, b in zip(parts.judged, whole.judged, strict=True):
        assert (a.count, a.wrong) == (b.count, b.wrong)
        assert a.used == pytest.approx(b.used)


def test_the_rows_of_an_output_are_cut_where_it_has_them() -> None:
    assert [width_of(size) for size in [(9, 64), (9, 80), (9, 256)]] == [64, 80, 256]
    assert [width_of(size) for size in [(9, 1), (9, 20), ()]] == [64, 80, 64]
    assert [width_of(size) for size in [(9, 4096), (9, 300), (9, 1031)]] == [256, 150, 128]


def test_a_small_row_is_held_against_its_own_spread() -> None:
    want = normal(64, 128)
    want[7] *= 1e-3
    out = want.clone()
    out[7] += 1e-4  # a tenth of this row, and less than rounding BF16 costs the others
    error = judged(out.to(torch.bfloat16), want, ONE_ROUNDING[DType.BF16])
    (row,) = (one for one in error.judged if one.gate.over is Over.ROW)
    assert (row.wrong, row.place) == (1, (7, 0))
    (output,) = (one for one in error.judged if one.gate.over is Over.OUTPUT)
    assert output.used is not None
    assert output.used > 1
    said = measure_error.describe(error)
    assert said.endswith(
        "the errors come to 1.4 % of the spread in root mean square; 0.43 % are allowed"
    )


def test_a_wrong_band_is_told_with_its_place() -> None:
    want = normal(320, 64)
    want[64:96] *= 1 + 0.0052  # as if the reference, for what comes is rounded after it
    out = want.clone()
    out[64:96] /= 1 + 0.0052
    said = measure_error.describe(judged(out.bfloat16(), want, ONE_ROUNDING[DType.BF16]))
    assert said == (
        "in 1 of 10 bands of 32 rows errors come to too much of the spread, to 0.54 % at [64, 0], "
        "in root mean square; 0.47 % are allowed"
    )


def test_where_all_is_zero_an_error_as_small_as_the_type_has_passes_and_no_other() -> None:
    want = torch.zeros(4, 64, dtype=torch.float64)
    allowed = ONE_ROUNDING[DType.FP16]
    assert measure_error.describe(judged(want.half(), want, allowed)) == ""
    off = want.clone()
    off[2, 3] = 1e-6
    error = judged(off.half(), want, allowed)
    assert (error.mismatches, error.first) == (1, (2, 3))
    assert codec.decode(ErrorMeasure, codec.encode(error)) == error
    error = judged(off.half(), want, Tolerance((Gate(0.0, 0.0, 0.1),)))
    assert (error.judged[0].used, error.judged[0].wrong) == (None, 1)


def test_constants_have_a_spread_and_pass() -> None:
    want = torch.full((40, 64), 1 / 3, dtype=torch.float64)
    for dtype in FLOATS:
        out = want.to(torch_dtype(dtype))
        assert measure_error.describe(judged(out, want, ONE_ROUNDING[dtype])) == ""


def test_what_is_not_finite_is_no_part_of_a_spread() -> None:
    want = normal(40, 64)
    want[0, 0], want[1], want[2, 5] = math.inf, math.nan, -math.inf
    allowed = ONE_ROUNDING[DType.BF16]
    assert measure_error.describe(judged(want.bfloat16(), want, allowed)) == ""
    out = want.clone()
    out[0, 0], out[3, 3] = -math.inf, math.nan
    error = judged(out.bfloat16(), want, allowed)
    assert (error.mismatches, error.nan, error.inf, error.first) == (2, 1, 1, (0, 0))
    assert not any(one.wrong for one in error.judged)


def test_outputs_of_two_types_have_gates_of_their_own() -> None:
    wide, narrow = normal(40, 64), normal(8, 64, seed=1)
    allowed = tolerance.both(
        tolerance.of_sums(DType.FP32, 64, output=0), tolerance.of_sums(DType.BF16, 64, output=1)
    )
    truth = [*blocks(wide, 640, 0), *blocks(narrow, 100, 1)]
    right = (wide.float(), narrow.bfloat16())
    assert measure_error.describe(measure_error.measure(right, truth, allowed)) == ""
    wrong = (wide.bfloat16().float(), narrow.bfloat16())
    error = measure_error.measure(wrong, truth, allowed)
    assert error.first_output == 0
    assert {one.output for one in error.judged if one.wrong} == {0}
    said = measure_error.describe(error, ("wide", "narrow"))
    assert "; the errors of wide come to 0.17 % of the spread in root mean square; " in said


def test_the_first_wrong_element_is_in_the_first_output_though_its_last_row_comes_late() -> None:
    wants = normal(10), normal(2, 640)
    outs = tuple(want.clone() for want in wants)
    outs[0][9] += 1
    outs[1][0, 0] += 1
    truth = [*blocks(wants[0], 10, 0), *blocks(wants[1], 1280, 1)]
    error = measure_error.measure(outs, truth, ONE_ROUNDING[DType.FP32])
    assert (error.mismatches, error.first_output, error.first) == (2, 0, (9,))


def test_a_product_that_is_summed_in_bf16_or_leaves_out_its_tail_is_refused() -> None:
    a, b = normal(64, 1000).bfloat16(), normal(1000, 256, seed=1).bfloat16()
    want, allowed = a.double() @ b.double(), tolerance.of_sums(DType.BF16, 1000)
    right = (a.float() @ b.float()).bfloat16()
    assert measure_error.describe(judged(right, want, allowed)) == ""
    tail = (a[:, :992].float() @ b[:992].float()).bfloat16()
    assert "elements are outside" in measure_error.describe(judged(tail, want, allowed))
    total = torch.zeros(64, 256)
    for start in range(0, 1000, 16):
        part = slice(start, start + 16)
        total = (total + a[:, part].float() @ b[part].float()).bfloat16().float()
    assert "the errors come to" in measure_error.describe(judged(total.bfloat16(), want, allowed))


def test_sixteen_bits_within_fp32_are_refused_however_long_the_sums_are() -> None:
    for length in (1, 64, 4096, 65536, 1 << 24):
        allowed = tolerance.of_sums(DType.FP32, length)
        want = normal(64, 64)
        assert measure_error.describe(judged(want.float(), want, allowed)) == ""
        assert "the errors come to" in measure_error.describe(
            judged(want.half().float(), want, allowed)
        )


@pytest.mark.parametrize("roundings", [1, 2, 3, 4])
def test_one_percent_is_more_than_any_stated_tolerance_of_bf16_allows(roundings: int) -> None:
    allowed = tolerance.of_sums(DType.BF16, 1 << 24, roundings=roundings)
    for gate in allowed.gates:
        assert gate.over not in (Over.OUTPUT, Over.BAND) or gate.spread < 0.01
