"""blackwell_sparsek.attention_forward on a GPU: `pytest -m gpu`, with the library built there and
BLACKWELL_SPARSEK_LIBRARY naming it."""

from __future__ import annotations

import os
from typing import Any

import pytest
import torch
from blackwell_sparsek import attention_forward, kernel_name, library

from tests.kernels.emulated import reference, worst

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA GPU"),
    pytest.mark.skipif(library.ENVIRONMENT not in os.environ, reason="no compiled library"),
]
SIZE = (2, 3, 200, 64)


def qkv(device: str = "cuda") -> list[torch.Tensor]:
    generator = torch.Generator().manual_seed(1)
    return [torch.randn(SIZE, generator=generator).half().to(device) for _ in range(3)]


def error(got: torch.Tensor, *inputs: torch.Tensor, **also: Any) -> float:
    return worst(got.cpu(), reference(*(tensor.cpu() for tensor in inputs), **also))


@pytest.mark.parametrize("causal", [False, True])
def test_an_output_of_ones_own_gets_the_same_bits_and_nothing_beside_it(causal: bool) -> None:
    q, k, v = qkv()
    room = torch.full((2, 200, 3, 72), 7.0, dtype=torch.float16, device="cuda")
    out = room[..., 8:].transpose(1, 2)
    assert attention_forward(q, k, v, causal, out=out) is out
    assert torch.equal(out, attention_forward(q, k, v, causal))
    assert error(out, q, k, v, causal=causal) < 1
    assert bool((room[..., :8] == 7.0).all())


def test_an_output_over_an_input_is_refused_before_the_launch() -> None:
    q, k, v = qkv()
    before = q.clone()
    with pytest.raises(ValueError, match="overlaps that of q"):
        attention_forward(q, k, v, out=q)
    assert torch.equal(q, before)


def test_autograd_notices_that_the_output_was_overwritten() -> None:
    q, k, v = qkv()
    out = torch.empty_like(q)
    attention_forward(q, k, v, out=out)
    weight = torch.ones(1, device="cuda", requires_grad=True)
    product = (out * weight).sum()
    attention_forward(q, k, v, out=out)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        product.backward()


def test_a_cuda_graph_captures_a_call_and_replays_it_on_new_inputs() -> None:
    q, k, v = qkv()
    out = torch.empty_like(q)
    attention_forward(q, k, v, out=out)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        attention_forward(q, k, v, out=out)
        fresh = attention_forward(q, k, v)
    v.copy_(torch.randn_like(v))
    out.fill_(float("nan"))
    graph.replay()
    assert error(out, q, k, v) < 1
    assert torch.equal(out, fresh)


@pytest.mark.parametrize("known", [False, True])
def test_the_launch_goes_to_the_stream_of_the_moment(known: bool) -> None:
    q, k, v = qkv()
    late, got = torch.zeros_like(v), torch.empty_like(q)
    if known:
        attention_forward(q, k, late, out=got)
    stream = torch.cuda.Stream()
    stream.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(stream):
        torch.cuda._sleep(100_000_000)
        late.copy_(v)
        attention_forward(q, k, late, out=got)
    stream.synchronize()
    assert error(got, q, k, v) < 1


@pytest.mark.skipif(torch.cuda.device_count() < 2, reason="one GPU only")
def test_the_launch_goes_to_the_device_of_the_tensors() -> None:
    for number in reversed(range(torch.cuda.device_count())):
        inputs = qkv(f"cuda:{number}")
        got = attention_forward(*inputs)
        assert got.device == inputs[0].device
        assert error(got, *inputs) < 1


def test_a_negative_scale_is_named_for_what_runs_and_right() -> None:
    q, k, v = qkv()
    assert kernel_name(q, k, v, scale=-0.125).startswith("portable")
    assert error(attention_forward(q, k, v, scale=-0.125), q, k, v, scale=-0.125) < 1


@pytest.mark.parametrize("writes", [False, True])
def test_torch_accepts_the_operators_as_it_defines_them(writes: bool) -> None:
    q, k, v = qkv()
    operators = torch.ops.blackwell_sparsek
    if writes:
        given = (q, k, v, True, 0.125, torch.empty_like(q))
        torch.library.opcheck(operators.attention_forward_into.default, given)
    else:
        torch.library.opcheck(operators.attention_forward.default, (q, k, v, True, 0.125))


def test_torch_compile_gives_the_same_bits_into_ones_own_output() -> None:
    q, k, v = qkv()
    out = torch.empty_like(q)

    def model(q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, out: torch.Tensor) -> torch.Tensor:
        return attention_forward(q, k, v, out=out) * 2

    doubled = torch.compile(model, fullgraph=True)(q, k, v, out)
    assert torch.equal(out, attention_forward(q, k, v))
    assert torch.equal(doubled, out * 2)
