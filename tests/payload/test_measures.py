"""The truth and the distance from it: properties on the CPU."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

pytest.importorskip("torch")

import torch

from remote_payload.contract.dtypes import DType
from remote_payload.contract.facts import Gate, Over, Tolerance
from remote_payload.contract.records import ErrorMeasure
from remote_payload.operators import drawing
from remote_payload.operators.attention import reference
from remote_payload.operators.attention.definition import OPERATOR, attention_case
from remote_payload.operators.base import Block
from remote_payload.operators.judging import measure_error
from remote_payload.stages.check import check_case

CASE = attention_case(batch=2, heads=3, seq=37, dim=8, dtype=DType.FP32)
SIZES = st.tuples(*(st.integers(1, 5) for _ in range(4)))
RTOL, ATOL = 1e-3, 2e-3
TOLERANCE = Tolerance((Gate(RTOL, ATOL),))


def measured(out: torch.Tensor, want: torch.Tensor) -> ErrorMeasure:
    return measure_error.measure((out,), [Block(0, want.double())], TOLERANCE)


def drawn() -> tuple[torch.Tensor, ...]:
    return drawing.make(OPERATOR.inputs(CASE), CASE, seed=1)


@pytest.mark.parametrize("causal", [False, True], ids=["dense", "causal"])
@pytest.mark.parametrize("scores_bytes", [8, 37 * 8 * 5, 37 * 37 * 8 * 2, 1 << 28])
def test_the_reference_is_torchs_fp64_math_attention_whatever_the_block_size(
    causal: bool, scores_bytes: int
) -> None:
    q, k, v = drawn()
    truth = torch.nn.functional.scaled_dot_product_attention(
        q.double(), k.double(), v.double(), is_causal=causal, scale=0.3
    )
    blocks = list(reference.blocks(q, k, v, causal, 0.3, scores_bytes=scores_bytes))
    error = measure_error.measure((truth,), blocks, Tolerance((Gate(0.0, 1e-12),)))
    assert (error.mismatches, error.elements) == (0, truth.numel())
    assert torch.allclose(reference.attention(q, k, v, causal, 0.3), truth, rtol=0, atol=1e-12)


@given(
    SIZES,
    st.integers(0, 2**31),
    st.floats(0, 1),
    st.sampled_from([one for one in DType if one.rounds]),
)
@settings(max_examples=50)
def test_mismatches_agree_with_isclose_and_the_worst_element_is_really_the_worst(
    size: tuple[int, int, int, int], seed: int, noise: float, dtype: DType
) -> None:
    torch.manual_seed(seed)
    want = torch.randn(size, dtype=torch.float64)
    out = (want + noise * 1e-2 * torch.randn(size)).to(drawing.torch_dtype(dtype))
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
    q, k, v = drawn()
    out = reference.attention(q, k, v, True, 0.3)
    wanted = float(out[0, 2, 35, 7])
    out[1, 1, 20, 0] += 9
    out[0, 2, 36, 0] += 1
    out[0, 2, 35, 7] = math.nan
    blocks = reference.blocks(q, k, v, True, 0.3, scores_bytes=scores_bytes)
    error = measure_error.measure((out,), blocks, TOLERANCE)
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


def test_the_strictest_gate_decides_element_by_element() -> None:
    want = torch.tensor([0.0, 0.0, 1000.0, 1000.0], dtype=torch.float64)
    out = want + torch.tensor([1e-3, 3e-3, 0.2, 0.9], dtype=torch.float64)
    either = (Gate(1e-3, 2e-3), Gate(0.0, 0.5))
    for gates in (either, either[::-1]):
        error = measure_error.measure((out,), [Block(0, want)], Tolerance(gates))
        assert (error.mismatches, error.first, error.worst) == (2, (1,), (3,))


def test_of_several_outputs_each_has_its_place_and_its_name() -> None:
    some, others = torch.zeros(2, 3), torch.zeros(4)
    blocks = [Block(0, some.double()), Block(0, others.double() + 1, output=1)]
    error = measure_error.measure((some, others), blocks, TOLERANCE)
    assert (error.mismatches, error.elements) == (4, 10)
    assert (error.first, error.first_output) == ((0,), 1)
    said = measure_error.describe(error, ("out", "residual"))
    assert said == (
        "4 of 10 elements are outside the tolerance; first of residual at [0]: 0, want 1; "
        "worst of residual at [0]: 0, want 1"
    )
    assert " of out" not in measure_error.describe(error, ("out",))


def test_the_digest_of_an_output_is_that_of_its_bytes_in_logical_order() -> None:
    out = torch.arange(24, dtype=torch.float32).view(1, 2, 3, 4)
    strided = out.transpose(1, 2).contiguous().transpose(1, 2)
    assert not strided.is_contiguous()
    assert check_case.digest((strided,)) == check_case.digest((out,))
    assert check_case.digest((out,)) != check_case.digest((out + 1,))


def test_the_digest_of_several_outputs_is_that_of_all() -> None:
    one, other = torch.zeros(3), torch.ones(3)
    digests = [check_case.digest(outs) for outs in ((one,), (one, other), (other, one))]
    assert len(set(digests)) == 3


GATES = Tolerance(
    (
        Gate(RTOL, ATOL),
        Gate(0.0, 0.0, spread=0.01, over=Over.ROW),
        Gate(0.0, 0.0, spread=0.005, over=Over.BAND),
        Gate(0.0, 0.0, spread=0.002, over=Over.OUTPUT),
        Gate(0.0, 0.0, output=1),
    )
)


@given(st.integers(0, 2**31), st.lists(st.sampled_from(["same", "off", "inf", "nan"]), max_size=6))
@settings(max_examples=40)
def test_what_is_passed_over_as_exact_changes_no_figure(seed: int, blocks: list[str]) -> None:
    """Two outputs of blocks of 40 rows; what each block of the first holds is drawn."""
    torch.manual_seed(seed)
    want = torch.randn(40 * max(1, len(blocks)), 64, dtype=torch.float64)
    out = want.clone()
    for number, kind in enumerate(blocks):
        part = slice(40 * number, 40 * number + 40)
        out[part] += 1e-3 * torch.randn(40, 64) * (kind == "off")
        if kind in ("inf", "nan"):
            out[40 * number + 7, 3] = want[40 * number + 7, 3] = float(kind)
    truth = [Block(40 * 64 * n, one, output) for output in (0, 1) for n, one in _parts(want)]
    quick = measure_error.measure((out, want.clone()), truth, GATES)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(measure_error, "nothing_off", lambda *_: False)
        assert measure_error.measure((out, want.clone()), truth, GATES) == quick


def _parts(want: torch.Tensor) -> list[tuple[int, torch.Tensor]]:
    return list(enumerate(want.split(40)))
