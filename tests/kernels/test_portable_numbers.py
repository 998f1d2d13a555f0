"""The portable kernel's own source, on a CPU, against attention in float64."""

from __future__ import annotations

import math

import pytest
import torch

from tests.kernels.emulated import EmulatedLibrary, normal, reference, worst

DTYPES = [pytest.param(torch.float16, id="fp16"), pytest.param(torch.bfloat16, id="bf16")]
MASKS = [pytest.param(False, id="full"), pytest.param(True, id="causal")]


@pytest.mark.parametrize("seq", [1, 17, 63, 64, 65, 128, 200])
@pytest.mark.parametrize("causal", MASKS)
@pytest.mark.parametrize("dim", [64, 128])
@pytest.mark.parametrize("dtype", DTYPES)
def test_the_kernel_agrees_with_float64_at_every_length(
    emulated: EmulatedLibrary, dtype: torch.dtype, dim: int, causal: bool, seq: int
) -> None:
    q, k, v = normal(1, 2, seq, dim, dtype=dtype, seed=seq)
    got = emulated.forward(q, k, v, causal, seed=seq % 5)
    assert (got.code, got.fault) == (0, "")
    assert worst(got.output, reference(q, k, v, causal)) < 1
    assert got.bank_conflicts == 0


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("dim", [64, 128])
def test_no_order_of_threads_and_copies_changes_a_bit(
    emulated: EmulatedLibrary, dim: int, seed: int
) -> None:
    q, k, v = normal(1, 1, 200, dim, dtype=torch.float16)
    first = emulated.forward(q, k, v, True, seed=0)
    other = emulated.forward(q, k, v, True, seed=100 + seed)
    assert other.fault == ""
    assert torch.equal(first.output, other.output)


@pytest.mark.parametrize("causal", MASKS)
def test_ten_times_larger_inputs_keep_their_accuracy(
    emulated: EmulatedLibrary, causal: bool
) -> None:
    q, k, v = (10 * tensor for tensor in normal(1, 2, 130, 64, dtype=torch.float16))
    got = emulated.forward(q, k, v, causal).output
    assert worst(got, reference(q, k, v, causal), magnitude=10) < 1


def test_batch_and_head_strides_are_free_and_the_output_may_be_a_view_too(
    emulated: EmulatedLibrary,
) -> None:
    # [batch, seq, heads, dim + padding] seen as [batch, heads, seq, dim]; NaN in what is not ours.
    packed = [torch.full((2, 70, 3, 80), math.nan, dtype=torch.float16) for _ in range(4)]
    q, k, v, o = (tensor[..., 8:72].transpose(1, 2) for tensor in packed)
    for view, values in zip((q, k, v), normal(2, 3, 70, 64, dtype=torch.float16), strict=True):
        view.copy_(values)
    got = emulated.forward(q, k, v, output=o)
    assert (got.code, got.fault) == (0, "")
    assert worst(o, reference(q, k, v)) < 1
    assert torch.isnan(packed[3][..., :8]).all()
    assert torch.isnan(packed[3][..., 72:]).all()


def test_one_key_and_value_shared_by_all_heads_may_be_expanded(emulated: EmulatedLibrary) -> None:
    q, k, v = normal(1, 3, 65, 64, dtype=torch.float16)
    k, v = (tensor[:, :1].expand(1, 3, 65, 64) for tensor in (k, v))
    assert worst(emulated.forward(q, k, v).output, reference(q, k, v)) < 1


def test_constant_rows_give_the_mean_of_the_values(emulated: EmulatedLibrary) -> None:
    _, _, v = normal(1, 1, 100, 64, dtype=torch.float16)
    flat = torch.ones_like(v)
    mean = v.double().mean(dim=2, keepdim=True).expand(v.shape)
    assert worst(emulated.forward(flat, flat, v).output, mean) < 1


@pytest.mark.parametrize("hot", [0, 63, 64, 129])
def test_one_huge_key_takes_all_the_weight_wherever_it_stands(
    emulated: EmulatedLibrary, hot: int
) -> None:
    q, k, v = normal(1, 1, 130, 64, dtype=torch.float16)
    q = q.abs() + 0.1
    k[0, 0, hot] = 200.0
    want = v[:, :, hot : hot + 1].double().expand(v.shape)
    assert worst(emulated.forward(q, k, v).output, want) < 1


@pytest.mark.parametrize("scale", [1.0, -0.125, 0.0, -0.0, 0.01])
@pytest.mark.parametrize("causal", MASKS)
def test_any_finite_scale_is_honoured(
    emulated: EmulatedLibrary, causal: bool, scale: float
) -> None:
    q, k, v = normal(1, 1, 70, 64, dtype=torch.float16)
    got = emulated.forward(q, k, v, causal, scale)
    assert worst(got.output, reference(q, k, v, causal, scale)) < 1


def test_a_nan_in_one_query_spoils_that_row_only(emulated: EmulatedLibrary) -> None:
    q, k, v = normal(1, 1, 70, 64, dtype=torch.float16)
    want = reference(q, k, v)
    q[0, 0, 33, 5] = math.nan
    got = emulated.forward(q, k, v).output
    assert torch.isnan(got[0, 0, 33]).all()
    got[0, 0, 33], want[0, 0, 33] = 0, 0
    assert worst(got, want) < 1


def test_a_nan_in_one_key_reaches_every_query(emulated: EmulatedLibrary) -> None:
    q, k, v = normal(1, 1, 70, 64, dtype=torch.float16)
    k[0, 0, 40, 0] = math.nan
    assert torch.isnan(emulated.forward(q, k, v).output).all()


def test_an_infinite_value_reaches_its_column_only(emulated: EmulatedLibrary) -> None:
    q, k, v = normal(1, 1, 70, 64, dtype=torch.float16)
    want = reference(q, k, v)
    v[0, 0, 10, 7] = math.inf
    got = emulated.forward(q, k, v).output
    assert (got[..., 7] == math.inf).all()
    got[..., 7], want[..., 7] = 0, 0
    assert worst(got, want) < 1


def test_a_score_of_minus_infinity_weighs_nothing(emulated: EmulatedLibrary) -> None:
    q, k, v = normal(1, 1, 70, 64, dtype=torch.float16)
    q = q.abs() + 0.1
    k[0, 0, :64] = -math.inf
    want = reference(q, k[:, :, 64:], v[:, :, 64:])
    assert worst(emulated.forward(q, k, v).output, want) < 1


def test_a_row_without_a_finite_score_becomes_zeros_not_nan(emulated: EmulatedLibrary) -> None:
    q, k, v = normal(1, 1, 70, 64, dtype=torch.float16)
    got = emulated.forward(q.abs() + 0.1, torch.full_like(k, -math.inf), v)
    assert (got.output == 0).all()


def test_more_heads_than_a_grid_dimension_of_65535_can_hold(emulated: EmulatedLibrary) -> None:
    q, k, v = normal(5, 14_000, 1, 64, dtype=torch.float16)
    for first in (0, 65_530, 69_996):
        got = emulated.forward(q, k, v, ctas=(first, first + 4)).output.flatten(0, 1)
        assert torch.equal(got[first : first + 4], v.flatten(0, 1)[first : first + 4])
        assert torch.isnan(got).all(dim=-1).sum() == 70_000 - 4
