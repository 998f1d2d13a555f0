"""RMSNorm in Triton: one program normalises ROWS rows, and reads the weight once for them."""

import torch
import triton
import triton.language as tl

ROWS = 2  # of one program: more would want more registers than rows of 8192 leave
MOST_COLUMNS = 16384  # a row is kept in registers between its two uses
ELEMENTS_PER_WARP = 1024
MOST_WARPS = 16


@triton.jit
def some_rows(x, weight, out, tokens, columns, eps, rows: tl.constexpr, block: tl.constexpr):
    # x, out: [tokens, columns]; weight: [columns]
    row = tl.program_id(0) * rows + tl.arange(0, rows)[:, None]
    column = tl.arange(0, block)[None, :]
    there = (row < tokens) & (column < columns)
    at = row.to(tl.int64) * columns + column  # more than 2^31 elements are allowed
    values = tl.load(x + at, there, 0.0).to(tl.float32)
    scale = tl.rsqrt(tl.sum(values * values, 1) / columns + eps)
    factors = tl.load(weight + column, column < columns, 0.0).to(tl.float32)
    result = values * scale[:, None] * factors
    tl.store(out + at, result.to(out.dtype.element_ty), there)


def rmsnorm(x, weight, eps):
    """x / sqrt(mean(x²) + eps) · weight for x of [tokens, hidden]."""
    tokens, columns = x.shape
    if columns > MOST_COLUMNS:
        raise NotImplementedError(f"rows of at most {MOST_COLUMNS}")
    out = torch.empty_like(x)
    block = triton.next_power_of_2(columns)
    warps = min(max(ROWS * block // ELEMENTS_PER_WARP, 1), MOST_WARPS)
    grid = (triton.cdiv(tokens, ROWS),)
    some_rows[grid](x, weight, out, tokens, columns, eps, rows=ROWS, block=block, num_warps=warps)
    return out
