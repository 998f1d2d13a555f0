"""FlashAttention's forward pass in Triton, as plainly as the algorithm allows: the peer that
anybody can write in an afternoon.

One program owns block_m queries of one head and walks over the keys in blocks of block_n, keeping
for each query the largest score so far, the sum of exponentials and the weighted sum of values,
rescaled whenever a larger score turns up (Dao, arXiv 2307.08691, algorithm 1). Scores are kept in
units of log2, since the hardware has exp2 and no exp.
"""

import importlib
from typing import TYPE_CHECKING, Any

import torch

from remote_payload.compiling import emulation

# By name, because a bare host has no triton: whoever imports this module has looked first.
triton: Any = importlib.import_module("triton")
tl: Any = importlib.import_module("triton.language")

Tensor = Any
if TYPE_CHECKING:
    constexpr = Any
    tensor = Any
else:
    # Triton looks up every name in a kernel's text, annotations too, and allows only its own.
    constexpr, tensor = tl.constexpr, tl.tensor

DIMS = (64, 128)
DTYPES = (torch.float16, torch.bfloat16)
LOG2_E = 1.4426950408889634
# Triton's interpreter runs kernels on the CPU, so that their numbers can be checked anywhere.
INTERPRETED = emulation.switched_on("TRITON_INTERPRET")


def attention_forward(q: Tensor, k: Tensor, v: Tensor, causal: bool, scale: float) -> Tensor:
    """Attention of contiguous [batch, heads, seq, dim] tensors, all of one shape and dtype.

    Raises ValueError for what `unsupported` names, and for other strides.
    """
    if problem := unsupported(q):
        raise ValueError(problem)
    if not all(tensor.is_contiguous() for tensor in (q, k, v)):
        raise ValueError("q, k and v must be contiguous")
    batch, heads, seq, dim = q.shape
    out = torch.empty_like(q)

    def grid(chosen: Any) -> Any:
        return triton.cdiv(seq, chosen["block_m"]), batch * heads

    _KERNEL[grid](q, k, v, out, batch * heads, seq, scale * LOG2_E, dim=dim, causal=causal)
    return out


def unsupported(q: Tensor) -> str:
    """Why there is no kernel for such tensors; empty if there is one."""
    if q.dtype not in DTYPES:
        return f"no kernel for {q.dtype}, only for float16 and bfloat16"
    if INTERPRETED and q.dtype is torch.bfloat16:
        # Triton 3.6 multiplies their bits there, as if they were integers.
        return "Triton's interpreter cannot multiply bfloat16"
    return "" if q.shape[3] in DIMS else f"no kernel for head dimension {q.shape[3]}"


def _walk(
    largest: tensor,
    total: tensor,
    weighted: tensor,
    queries: tensor,
    k: tensor,
    v: tensor,
    rows: tensor,
    seq: tensor,
    begin: tensor,
    end: tensor,
    factor: tensor,
    dim: constexpr,
    causal: constexpr,
    block_n: constexpr,
    masked: constexpr,
) -> tensor:
    """Let the keys from begin to end count. masked: some are behind the end, or in the future."""
    depth = tl.arange(0, dim)
    for start in range(begin, end, block_n):
        keys = start + tl.arange(0, block_n)
        block = keys[:, None] * dim + depth[None, :]
        if masked:
            scores = tl.dot(queries, tl.trans(tl.load(k + block, keys[:, None] < seq, 0.0)))
            values = tl.load(v + block, keys[:, None] < seq, 0.0)
            counts = keys[None, :] < seq
            if causal:
                counts = counts & (keys[None, :] <= rows[:, None])
            scores = tl.where(counts, scores * factor, float("-inf"))
        else:
            scores = tl.dot(queries, tl.trans(tl.load(k + block))) * factor
            values = tl.load(v + block)
        new_largest = tl.maximum(largest, tl.max(scores, 1))
        weights = tl.exp2(scores - new_largest[:, None])
        fade = tl.exp2(largest - new_largest)
        total = total * fade + tl.sum(weights, 1)
        weighted = tl.dot(weights.to(values.dtype), values, weighted * fade[:, None])
        largest = new_largest
    return largest, total, weighted


_WALK: Any = triton.jit(_walk)


def _forward(
    q: tensor,
    k: tensor,
    v: tensor,
    out: tensor,
    heads: tensor,
    seq: tensor,
    factor: tensor,
    dim: constexpr,
    causal: constexpr,
    block_m: constexpr,
    block_n: constexpr,
) -> None:
    # `heads` is not needed here: the autotuner goes by it, as the best blocks differ with the grid.
    first = tl.program_id(0) * block_m
    # 64 bits, because the tensors may hold more than 2^31 elements.
    head = tl.program_id(1).to(tl.int64) * seq * dim
    rows = first + tl.arange(0, block_m)
    mine = head + rows[:, None] * dim + tl.arange(0, dim)[None, :]
    queries = tl.load(q + mine, rows[:, None] < seq, 0.0)
    largest, total = tl.full([block_m], float("-inf"), tl.float32), tl.zeros([block_m], tl.float32)
    weighted = tl.zeros([block_m, dim], tl.float32)

    # Keys before `open_end` count for every query here; those after it need a mask.
    open_end, end = seq // block_n * block_n, seq
    if causal:
        open_end = tl.minimum(open_end, (first + 1) // block_n * block_n)
        end = tl.minimum(seq, first + block_m)

    k, v = k + head, v + head
    largest, total, weighted = _WALK(
        largest, total, weighted, queries, k, v, rows, seq,
        0, open_end, factor, dim, causal, block_n, masked=False,
    )  # fmt: skip
    largest, total, weighted = _WALK(
        largest, total, weighted, queries, k, v, rows, seq,
        open_end, end, factor, dim, causal, block_n, masked=True,
    )  # fmt: skip

    tl.store(out + mine, (weighted / total[:, None]).to(out.dtype.element_ty), rows[:, None] < seq)


def _configurations() -> Any:
    """What is tried at the first call with a new shape; nothing is tried without a GPU."""
    tried = [
        triton.Config({"block_m": m, "block_n": n}, num_warps=warps, num_stages=stages)
        for m, n, warps, stages in (
            (128, 64, 4, 3),
            (128, 64, 8, 3),
            (128, 128, 8, 2),
            (64, 64, 4, 3),
        )
    ]
    return tried[-1:] if INTERPRETED else tried


_KERNEL: Any = triton.autotune(_configurations(), key=["heads", "seq", "dim", "causal"])(
    triton.jit(_forward)
)
