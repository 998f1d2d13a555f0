"""Where q, k, v and o lie, and how many heads there are: both kernels, on a CPU."""

from __future__ import annotations

import math

import pytest
import torch
from blackwell_sparsek import library

from remote_payload.operators.attention.adversarial import strided
from tests.kernels.emulated import TRUNCATED_SUMS, EmulatedLibrary, normal, reference, worst

KERNELS = [
    pytest.param(library.PORTABLE, id="portable"),
    pytest.param(library.HOPPER, id="hopper"),
]
PAST_16_BITS = (1 << 16) + 1


@pytest.mark.parametrize("causal", [False, True], ids=["full", "causal"])
@pytest.mark.parametrize("dim", [64, 128])
@pytest.mark.parametrize("kernel", KERNELS)
def test_q_k_v_and_o_are_each_walked_by_their_own_strides_and_nothing_else_is_touched(
    emulated: EmulatedLibrary, kernel: int, dim: int, causal: bool
) -> None:
    drawn = normal(2, 3, 70, dim, dtype=torch.float16)
    q, k, v = (strided(tensor, which) for which, tensor in enumerate(drawn))
    o = strided(torch.full_like(drawn[0], math.nan), 3)
    seed = TRUNCATED_SUMS + 3
    got = emulated.forward(q, k, v, causal, output=o, seed=seed, kernel=kernel)
    assert (got.code, got.fault) == (0, "")
    assert worst(o, reference(q, k, v, causal)) < 1
    everything = o._base
    assert everything is not None
    assert (~everything.isnan()).sum() == o.numel()


@pytest.mark.parametrize("kernel", KERNELS)
def test_nothing_is_written_past_the_last_row(emulated: EmulatedLibrary, kernel: int) -> None:
    room = torch.full((1, 1, 512, 64), math.nan, dtype=torch.float16)
    q, k, v = normal(1, 1, 65, 64, dtype=torch.float16)
    emulated.forward(q, k, v, output=room[:, :, :65], kernel=kernel)
    assert room[:, :, :65].isfinite().all()
    assert room[:, :, 65:].isnan().all()


def test_many_short_heads_go_round(emulated: EmulatedLibrary) -> None:
    q, k, v = normal(20, 10, 1, 64, dtype=torch.float16)
    got = emulated.forward(q, k, v, seed=3, kernel=library.HOPPER)
    assert (got.code, got.fault) == (0, "")
    assert torch.equal(got.output, v)


@pytest.mark.parametrize(("batch", "heads"), [(1, PAST_16_BITS), (PAST_16_BITS, 1)])
def test_heads_past_two_to_the_sixteen_are_found_by_whichever_cta(
    emulated: EmulatedLibrary, batch: int, heads: int
) -> None:
    q, k, v = normal(batch, heads, 2, 64, dtype=torch.float16)
    last = PAST_16_BITS - 1

    def found(kernel: int, multiprocessors: int, ctas: tuple[int, int]) -> list[int]:
        got = emulated.forward(q, k, v, ctas=ctas, kernel=kernel, multiprocessors=multiprocessors)
        assert (got.code, got.fault) == (0, "")
        o = got.output.flatten(0, 1)
        written = [int(head) for head in (~o.isnan()).all(-1).all(-1).nonzero()[:, 0]]
        inputs = (tensor.flatten(0, 1)[None, written] for tensor in (q, k, v))
        assert worst(o[None, written], reference(*inputs)) < 1
        return written

    assert found(library.PORTABLE, 3, (last - 1, last + 1)) == [last - 1, last]
    # The Hopper kernel, with a CTA for each head, and with one that goes on to the last.
    assert found(library.HOPPER, last + 1, (last - 1, last + 1)) == [last - 1, last]
    assert found(library.HOPPER, last, (0, 1)) == [0, last]
