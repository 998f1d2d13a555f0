"""The truth, the distance from it, and the inputs: properties on the CPU."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

pytest.importorskip("torch")

import torch

from remote_payload.contract.dtypes import DType
from remote_payload.contract.records import ErrorMeasure
from remote_payload.operators import measure_error
from remote_payload.operators.attention import inputs, reference
from remote_payload.operators.attention.definition import attention_case
from remote_payload.operators.setting import Setting
from remote_payload.stages.check import check_case

SHAPE = attention_case(batch=2, heads=3, seq=37, dim=8, dtype=DType.FP32)
SIZES = st.tuples(*(st.integers(1, 5) for _ in range(4)))
RTOL, ATOL = 1e-3, 2e-3


def whole(want: torch.Tensor) -> list[reference.Block]:
    return [reference.Block(0, 0, want.flatten(0, 1).double())]


def measured(out: torch.Tensor, want: torch.Tensor) -> ErrorMeasure:
    return measure_error.measure(out, whole(want), RTOL, ATOL)


@pytest.mark.parametrize("causal", [False, True], ids=["dense", "causal"])
@pytest.mark.parametrize("scores_bytes", [8, 37 * 8 * 5, 37 * 37 * 8 * 2, 1 << 28])
def test_the_reference_is_torchs_fp64_math_attention_whatever_the_block_size(
    causal: bool, scores_bytes: int
) -> None:
    q, k, v = inputs.make(SHAPE, seed=1)
    truth = torch.nn.functional.scaled_dot_product_attention(
        q.double(), k.double(), v.double(), is_causal=causal, scale=0.3
    )
    blocks = list(reference.blocks(q, k, v, causal, 0.3, scores_bytes))
    error = measure_error.measure(truth, blocks, 0.0, 1e-12)
    assert (error.mismatches, error.elements) == (0, truth.numel())
    assert torch.allclose(reference.attention(q, k, v, causal, 0.3), truth, rtol=0, atol=1e-12)


@given(SIZES, st.integers(0, 2**31), st.floats(0, 1), st.sampled_from(list(DType)))
@settings(max_examples=50)
def test_mismatches_agree_with_isclose_and_the_worst_element_is_really_the_worst(
    size: tuple[int, int, int, int], seed: int, noise: float, dtype: DType
) -> None:
    torch.manual_seed(seed)
    want = torch.randn(size, dtype=torch.float64)
    out = (want + noise * 1e-2 * torch.randn(size)).to(inputs.TORCH_DTYPES[dtype])
    error = measured(out, want)
    close = torch.isclose(out.double(), want, rtol=RTOL, atol=ATOL)
    assert error.mismatches == int((~close).sum())
    wrong = [tuple(place) for place in (~close).nonzero().tolist()]
    assert error.first == (wrong[0] if wrong else None)
    assert error.first_got == (pytest.approx(float(out[wrong[0]])) if wrong else None)
    assert error.first_want == (pytest.approx(float(want[wrong[0]])) if wrong else None)
    distance = (out.double() - want).abs()
    assert error.max_abs == pytest.approx(float(distance.max()))
    excess = distance / (ATOL + RTOL * want.abs())
    assert error.worst is not None
    assert float(excess[error.worst]) == pytest.approx(float(excess.max()))
    assert error.worst_got == pytest.approx(float(out[error.worst]))
    assert error.worst_want == pytest.approx(float(want[error.worst]))


@given(SIZES, st.data())
@settings(max_examples=50)
def test_every_nan_and_infinity_that_the_reference_lacks_is_counted(
    size: tuple[int, int, int, int], data: st.DataObject
) -> None:
    want = torch.randn(size, dtype=torch.float64)
    out = want.clone()
    flat = out.view(-1)
    bad = data.draw(st.dictionaries(st.integers(0, flat.numel() - 1), st.booleans()))
    for index, is_nan in bad.items():
        flat[index] = float("nan") if is_nan else float("-inf")
    error = measured(out, want)
    assert error.nan == sum(bad.values())
    assert error.inf == len(bad) - sum(bad.values())
    assert error.mismatches == len(bad)
    assert (error.max_abs is None) == (len(bad) == flat.numel())
    assert (error.worst is None) == (len(bad) == flat.numel())
    numbers = (error.max_abs, error.max_rel, error.worst_got, error.worst_want)
    assert all(number is None or math.isfinite(number) for number in numbers)


@pytest.mark.parametrize("scores_bytes", [8, 37 * 8 * 5, 1 << 28])
def test_the_first_wrong_element_is_the_same_whatever_the_block_size(scores_bytes: int) -> None:
    q, k, v = inputs.make(SHAPE, seed=1)
    out = reference.attention(q, k, v, True, 0.3)
    wanted = float(out[0, 2, 35, 7])
    out[1, 1, 20, 0] += 9
    out[0, 2, 36, 0] += 1
    out[0, 2, 35, 7] = math.nan
    error = measure_error.measure(
        out, reference.blocks(q, k, v, True, 0.3, scores_bytes), RTOL, ATOL
    )
    assert (error.mismatches, error.first, error.worst) == (3, (0, 2, 35, 7), (1, 1, 20, 0))
    assert error.first_got is None
    assert error.first_want == pytest.approx(wanted)
    said = measure_error.describe(error)
    assert f"; first at [0, 2, 35, 7]: not finite, want {wanted:.5g}; worst at [1, 1, 20" in said


def test_nonfinite_values_that_the_reference_has_too_match() -> None:
    want = torch.tensor([float("nan"), float("inf"), float("-inf"), 1.0]).view(1, 1, 4, 1)
    error = measured(want, want)
    assert (error.mismatches, error.nan, error.inf, error.max_abs) == (0, 0, 0, 0.0)
    flipped = measured(-want, want)
    assert (flipped.mismatches, flipped.inf, flipped.nan) == (3, 2, 0)


def test_the_relative_error_leaves_out_what_is_smaller_than_the_absolute_tolerance() -> None:
    want = torch.tensor([1e-9, 2.0]).view(1, 1, 2, 1)
    error = measured(want + 1e-3, want)
    assert error.mismatches == 0
    assert error.max_rel == pytest.approx(5e-4, rel=1e-3)


def test_an_exact_output_has_no_error_and_nothing_to_say() -> None:
    want = torch.randn(1, 2, 3, 4, dtype=torch.float64)
    error = measured(want, want)
    assert (error.max_abs, error.mismatches, error.elements) == (0.0, 0, 24)
    assert measure_error.describe(error) == ""


def test_inputs_depend_on_seed_shape_and_name_and_on_nothing_else() -> None:
    q, k, v = inputs.make(SHAPE, seed=42)
    again = inputs.make(SHAPE, seed=42)
    assert all(torch.equal(a, b) for a, b in zip((q, k, v), again, strict=True))
    assert not torch.equal(q, k)
    assert not torch.equal(k, v)
    assert not torch.equal(q, inputs.make(SHAPE, seed=43)[0])
    other = inputs.make(replace(SHAPE, causal=True), seed=42)[0]
    assert not torch.equal(q, other)


@pytest.mark.parametrize("dtype", list(DType))
def test_inputs_of_a_run_are_drawn_once_and_nobody_can_change_them_for_others(
    tmp_path: Path, dtype: DType
) -> None:
    case = replace(SHAPE, dtype=dtype)
    setting = Setting("cpu", str(tmp_path), seed=42, inputs=str(tmp_path / "inputs"))
    drawn = inputs.given(case, setting)
    kept = sorted((tmp_path / "inputs").iterdir())
    assert len(kept) == 3
    for _ in range(2):
        again = inputs.given(case, setting)
        for mine, other, truth in zip(drawn, again, inputs.make(case, 42), strict=True):
            assert torch.equal(mine, other)
            assert torch.equal(mine, truth)
            other.zero_()
    assert sorted((tmp_path / "inputs").iterdir()) == kept


def test_where_inputs_cannot_be_kept_they_are_drawn_all_the_same(tmp_path: Path) -> None:
    (tmp_path / "inputs").write_text("in the way")
    setting = Setting("cpu", str(tmp_path), seed=42, inputs=str(tmp_path / "inputs"))
    for mine, truth in zip(inputs.given(SHAPE, setting), inputs.make(SHAPE, 42), strict=True):
        assert torch.equal(mine, truth)


@pytest.mark.parametrize("dtype", list(DType))
def test_inputs_have_the_shape_and_type_asked_for_and_are_standard_normal(dtype: DType) -> None:
    q, _, _ = inputs.make(attention_case(2, 4, 64, 32, dtype), seed=7)
    assert (q.shape, q.dtype) == ((2, 4, 64, 32), inputs.TORCH_DTYPES[dtype])
    assert abs(float(q.float().mean())) < 0.05
    assert float(q.float().std()) == pytest.approx(1, abs=0.05)


def test_the_digest_of_an_output_is_that_of_its_bytes_in_logical_order() -> None:
    out = torch.arange(24, dtype=torch.float32).view(1, 2, 3, 4)
    strided = out.transpose(1, 2).contiguous().transpose(1, 2)
    assert not strided.is_contiguous()
    assert check_case.digest(strided) == check_case.digest(out)
    assert check_case.digest(out) != check_case.digest(out + 1)
