"""The Hopper kernel's own source, on a CPU, against attention in float64."""

from __future__ import annotations

import math

import pytest
import torch
from blackwell_sparsek import library
from hypothesis import given, settings
from hypothesis import strategies as st

from remote_payload.operators.attention import adversarial
from remote_payload.operators.attention.adversarial import FIRST_BLOCK, LATE_ROWS
from tests.kernels.emulated import (
    TRUNCATED_SUMS,
    EmulatedLibrary,
    Outcome,
    normal,
    reference,
    worst,
)

DTYPES = [pytest.param(torch.float16, id="fp16"), pytest.param(torch.bfloat16, id="bf16")]
MASKS = [pytest.param(False, id="full"), pytest.param(True, id="causal")]
DIMS = [64, 128]
SEEDS = 8  # with FP32 sums, and as many with truncated ones


def hopper(
    emulated: EmulatedLibrary,
    q: torch.Tensor,
    k: torch.Tensor,
    v: torch.Tensor,
    causal: bool = False,
    scale: float | None = None,
    seed: int = TRUNCATED_SUMS + 3,
) -> torch.Tensor:
    """One sound launch of the Hopper kernel, with the sums that a tensor core is taken to make."""
    got = emulated.forward(q, k, v, causal, scale, seed=seed, kernel=library.HOPPER)
    assert (got.code, got.fault) == (0, "")
    return got.output


def error(got: torch.Tensor, want: torch.Tensor) -> float:
    return float((got.double() - want).abs().max())


def agrees_as_well_as_portable(
    emulated: EmulatedLibrary,
    q: torch.Tensor,
    k: torch.Tensor,
    v: torch.Tensor,
    causal: bool = False,
) -> bool:
    """No more than twice the error of exact exponentials, tiled, in the same element type."""
    want = reference(q, k, v, causal)
    tiled = emulated.forward(q, k, v, causal, kernel=library.PORTABLE).output
    unit = torch.finfo(q.dtype).eps * float(v.abs().max()) / 2
    allowed = 2 * max(error(tiled, want), unit)
    return bool(error(hopper(emulated, q, k, v, causal), want) <= allowed)


@pytest.mark.parametrize("sums", [0, TRUNCATED_SUMS], ids=["fp32", "truncated"])
@pytest.mark.parametrize("seq", [1, 63, 64, 127, 200, 255, 512])
@pytest.mark.parametrize("causal", MASKS)
@pytest.mark.parametrize("dim", DIMS)
@pytest.mark.parametrize("dtype", DTYPES)
def test_the_kernel_agrees_with_float64_and_no_schedule_changes_a_bit(
    emulated: EmulatedLibrary, dtype: torch.dtype, dim: int, causal: bool, seq: int, sums: int
) -> None:
    q, k, v = normal(1, 2, seq, dim, dtype=dtype, seed=seq)
    first = hopper(emulated, q, k, v, causal, seed=sums)
    assert worst(first, reference(q, k, v, causal)) < 1
    for seed in range(1, SEEDS):
        assert torch.equal(first, hopper(emulated, q, k, v, causal, seed=sums + seed)), seed


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("seq", [512, 320])
@pytest.mark.parametrize("causal", MASKS)
def test_whole_heads_share_one_load_and_the_ring_runs_on_across_them(
    emulated: EmulatedLibrary, causal: bool, seq: int, seed: int
) -> None:
    q, k, v = normal(2, 4, seq, 64, dtype=torch.float16, seed=seed)
    got = hopper(emulated, q, k, v, causal, seed=TRUNCATED_SUMS + seed)
    assert worst(got, reference(q, k, v, causal)) < 1


@pytest.mark.parametrize("causal", MASKS)
@pytest.mark.parametrize("dim", DIMS)
def test_heads_longer_than_the_ring_are_streamed(
    emulated: EmulatedLibrary, dim: int, causal: bool
) -> None:
    q, k, v = normal(1, 3, 1100, dim, dtype=torch.float16)
    assert worst(hopper(emulated, q, k, v, causal), reference(q, k, v, causal)) < 1


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(100))
@pytest.mark.parametrize("causal", MASKS)
def test_no_schedule_of_many_breaks_the_headline_shape(
    emulated: EmulatedLibrary, causal: bool, seed: int
) -> None:
    q, k, v = normal(1, 7, 512, 64, dtype=torch.float16)
    got = hopper(emulated, q, k, v, causal, seed=1000 + seed)
    assert worst(got, reference(q, k, v, causal)) < 1


@pytest.mark.parametrize("causal", MASKS)
@pytest.mark.parametrize("dim", DIMS)
def test_three_times_larger_inputs_keep_the_tolerance(
    emulated: EmulatedLibrary, dim: int, causal: bool
) -> None:
    q, k, v = (3 * tensor for tensor in normal(1, 2, 512, dim, dtype=torch.float16))
    got = hopper(emulated, q, k, v / 3, causal)
    assert worst(got, reference(q, k, v / 3, causal)) < 1


@pytest.mark.parametrize("factor", [0.01, 3, 10, 30])
@pytest.mark.parametrize("causal", MASKS)
@pytest.mark.parametrize("dtype", DTYPES)
def test_inputs_of_any_size_are_as_accurate_as_exact_exponentials(
    emulated: EmulatedLibrary, dtype: torch.dtype, causal: bool, factor: float
) -> None:
    q, k, v = (factor * tensor for tensor in normal(1, 2, 300, 64, dtype=dtype))
    assert agrees_as_well_as_portable(emulated, q, k, v, causal)


@pytest.mark.parametrize("dtype", DTYPES)
def test_constant_rows_give_the_mean_of_the_values(
    emulated: EmulatedLibrary, dtype: torch.dtype
) -> None:
    q, k, v = adversarial.constant(300, dtype)
    mean = v.double().mean(dim=2, keepdim=True).expand(v.shape)
    assert worst(hopper(emulated, q, k, v), mean) < 1


@pytest.mark.parametrize("dtype", DTYPES)
def test_one_huge_key_takes_all_the_weight_at_every_column(
    emulated: EmulatedLibrary, dtype: torch.dtype
) -> None:
    for hot in (0, 5, 31, 32, 127, *range(FIRST_BLOCK, FIRST_BLOCK + 64)):
        q, k, v = adversarial.one_huge_key((hot,), dtype)
        want = v[:, :, hot : hot + 1].double().expand(v.shape)
        assert worst(hopper(emulated, q, k, v), want) < 1, hot


@pytest.mark.parametrize("nats", [5, 10, 12, 16, 20, 80])
@pytest.mark.parametrize("column", [0, 8, 40, 63])
def test_rows_whose_maximum_comes_late_are_computed_exactly(
    emulated: EmulatedLibrary, column: int, nats: float
) -> None:
    q, k, v = adversarial.late_maximum(((0, 0.0), (column, nats)))
    assert agrees_as_well_as_portable(emulated, q, k, v)


@pytest.mark.parametrize("causal", MASKS)
@pytest.mark.parametrize("dtype", DTYPES)
def test_late_maxima_are_found_in_every_warp_strip_and_pass(
    emulated: EmulatedLibrary, dtype: torch.dtype, causal: bool
) -> None:
    q, k, v = adversarial.late_maxima(
        LATE_ROWS, dtype, nats=20.0 if dtype is torch.float16 else 60.0
    )
    assert agrees_as_well_as_portable(emulated, q, k, v, causal)


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize(
    ("which", "rows"), [(0, (0, 77, 199)), (1, (0, 7, 8, 127, 128, 140, 160, 199)), (2, (3, 150))]
)
def test_what_is_not_finite_spreads_as_in_exact_softmax(
    emulated: EmulatedLibrary, which: int, rows: tuple[int, ...], value: float
) -> None:
    for row in rows:
        q, k, v = adversarial.spoiled(which, (row,), value)
        got, want = hopper(emulated, q, k, v), reference(q, k, v)
        assert torch.equal(got.isnan(), want.isnan()), row
        assert torch.equal(got.isinf(), want.isinf()), row
        known = torch.where(want.isfinite(), want, 0.0)
        assert worst(torch.where(want.isfinite(), got, 0.0), known) < 1, row


def test_a_row_without_a_finite_score_becomes_zeros(emulated: EmulatedLibrary) -> None:
    q, k, v = normal(1, 1, 100, 64, dtype=torch.float16)
    q[0, 0, 40] = 0
    q[0, 0, 40, 0] = 1
    k[..., 0] = -math.inf
    assert (hopper(emulated, q, k, v)[0, 0, 40] == 0).all()


@pytest.mark.parametrize("scale", [1.0, 0.0, 1e-20, 3.0, 1e4])
@pytest.mark.parametrize("dim", DIMS)
def test_scales_from_zero_to_huge_are_honoured(
    emulated: EmulatedLibrary, dim: int, scale: float
) -> None:
    q, k, v = normal(1, 1, 150, dim, dtype=torch.float16)
    got = hopper(emulated, q, k, v, scale=scale)
    assert worst(got, reference(q, k, v, scale=scale)) < 1


@pytest.mark.parametrize(("scale", "stride_zero"), [(-0.125, False), (None, True)])
def test_what_hopper_cannot_run_goes_to_the_portable_kernel_or_is_refused(
    emulated: EmulatedLibrary, scale: float | None, stride_zero: bool
) -> None:
    q, k, v = normal(1, 3, 65, 64, dtype=torch.float16)
    if stride_zero:
        k, v = (tensor[:, :1].expand(1, 3, 65, 64) for tensor in (k, v))

    def run(kernel: int) -> Outcome:
        return emulated.forward(q, k, v, scale=scale, kernel=kernel)

    assert run(library.HOPPER).code == 10
    by_choice, by_name = run(library.AUTO), run(library.PORTABLE)
    assert torch.equal(by_choice.output, by_name.output)
    assert worst(by_choice.output, reference(q, k, v, scale=scale)) < 1


@st.composite
def problems(draw: st.DrawFn) -> tuple[list[torch.Tensor], bool]:
    dtype = draw(st.sampled_from([torch.float16, torch.bfloat16]))
    seq, heads = draw(st.integers(1, 400)), draw(st.integers(1, 4))
    dim, causal = draw(st.sampled_from(DIMS)), draw(st.booleans())
    tensors = normal(1, heads, seq, dim, dtype=dtype, seed=draw(st.integers(0, 999)))
    tensors[0] *= draw(st.sampled_from([0.1, 1.0, 3.0, 10.0]))
    if draw(st.booleans()):
        tensors[1][0, 0, draw(st.integers(0, seq - 1))] *= draw(st.sampled_from([0.0, 4.0, 30.0]))
    return tensors, causal


@settings(max_examples=20, deadline=None)
@given(problem=problems())
def test_any_shape_and_size_is_as_accurate_as_exact_exponentials(
    emulated: EmulatedLibrary, problem: tuple[list[torch.Tensor], bool]
) -> None:
    (q, k, v), causal = problem
    assert agrees_as_well_as_portable(emulated, q, k, v, causal)
