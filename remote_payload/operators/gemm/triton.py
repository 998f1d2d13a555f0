"""C = A B in Triton: the tiled product that every tutorial begins with.

One program owns a block_m x block_n tile of C and walks over K in steps of block_k, adding the
products of the tiles of A and B in FP32. Tiles are handed out in groups of rows, so that programs
that run at the same time share rows of A and columns of B in the L2 cache.
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

FP8 = getattr(torch, "float8_e4m3fn", None)
FP8_CAPABILITY = (8, 9)
DTYPES = (torch.float16, torch.bfloat16, torch.float32, FP8)
# Triton's interpreter runs kernels on the CPU, so that their numbers can be checked anywhere.
INTERPRETED = emulation.switched_on("TRITON_INTERPRET")


def forward(a: Tensor, b: Tensor) -> Tensor:
    """A B for A of [M, K] and B of [K, N], whatever their strides; FP8 gives BF16.

    Raises ValueError for what `unsupported` names.
    """
    if problem := unsupported(a, b):
        raise ValueError(problem)
    (m, k), n = a.shape, b.shape[1]
    c = torch.empty(m, n, dtype=torch.bfloat16 if a.dtype is FP8 else a.dtype, device=a.device)

    def grid(chosen: Any) -> Any:
        return (triton.cdiv(m, chosen["block_m"]) * triton.cdiv(n, chosen["block_n"]),)

    strides = (*a.stride(), *b.stride())
    _KERNEL[grid](a, b, c, m, n, k, *strides, a.element_size())
    return c


def unsupported(a: Tensor, b: Tensor) -> str:
    """Why there is no kernel for such tensors; empty if there is one."""
    if a.dtype not in DTYPES:
        return f"no kernel for {a.dtype}"
    if INTERPRETED and a.dtype in (torch.bfloat16, FP8):
        # Triton 3.6 multiplies their bits there, as if they were integers.
        return f"Triton's interpreter cannot multiply {str(a.dtype).rpartition('.')[2]}"
    if a.dtype is FP8 and not INTERPRETED and torch.cuda.get_device_capability() < FP8_CAPABILITY:
        return "the GPU has no FP8 (compute capability 8.9 or newer has)"
    return ""


def _product(
    a: tensor,
    b: tensor,
    c: tensor,
    m: tensor,
    n: tensor,
    k: tensor,
    a_row: tensor,
    a_column: tensor,
    b_row: tensor,
    b_column: tensor,
    element_bytes: tensor,
    block_m: constexpr,
    block_n: constexpr,
    block_k: constexpr,
    group_m: constexpr,
) -> None:
    # `element_bytes` is not needed here: the autotuner goes by it, as the best tiles differ.
    down, across = tl.cdiv(m, block_m), tl.cdiv(n, block_n)
    group, inside = tl.program_id(0) // (group_m * across), tl.program_id(0) % (group_m * across)
    height = tl.minimum(down - group * group_m, group_m)
    # 64 bits, because a matrix may hold more than 2^31 elements.
    row = (group * group_m + inside % height).to(tl.int64) * block_m + tl.arange(0, block_m)
    column = (inside // height).to(tl.int64) * block_n + tl.arange(0, block_n)
    depth = tl.arange(0, block_k)

    total = tl.zeros([block_m, block_n], tl.float32)
    for first in range(0, k, block_k):
        # Behind the last row, column or product there is nothing to read, and nothing to add.
        along = (first + depth).to(tl.int64)
        some_a = tl.load(
            a + row[:, None] * a_row + along[None, :] * a_column,
            (row[:, None] < m) & (along[None, :] < k),
            0.0,
        )
        some_b = tl.load(
            b + along[:, None] * b_row + column[None, :] * b_column,
            (along[:, None] < k) & (column[None, :] < n),
            0.0,
        )
        # "ieee": products of FP32 are not to be taken as TF32.
        total = tl.dot(some_a, some_b, total, input_precision="ieee")

    inside_c = (row[:, None] < m) & (column[None, :] < n)
    tl.store(c + row[:, None] * n + column[None, :], total.to(c.dtype.element_ty), inside_c)


def _configurations() -> Any:
    """What is tried at the first call with a new form; nothing is tried without a GPU."""
    tried = [
        triton.Config(
            {"block_m": m, "block_n": n, "block_k": k, "group_m": 8},
            num_warps=warps,
            num_stages=stages,
        )
        for m, n, k, warps, stages in (
            (128, 256, 64, 8, 3),
            (128, 128, 64, 4, 3),
            (128, 128, 32, 4, 4),
            (64, 128, 64, 4, 4),
            (32, 64, 64, 4, 4),
        )
    ]
    return tried[-1:] if INTERPRETED else tried


_KERNEL: Any = triton.autotune(_configurations(), key=["m", "n", "k", "element_bytes"])(
    triton.jit(_product)
)
