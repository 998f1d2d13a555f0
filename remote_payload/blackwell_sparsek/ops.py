"""attention_forward as a torch operator: checked arguments in, one kernel launch, output out."""

from __future__ import annotations

import math
from typing import Optional

import torch

from . import library

DIMS = (64, 128)
DTYPES = {torch.float16: 0, torch.bfloat16: 1}  # enum SparsekDType
ROW_BYTES = 16  # what the kernel's asynchronous copies move at once
ROW_ELEMENTS = 8
LOG2_E = math.log2(math.e)
LARGEST_FLOAT = torch.finfo(torch.float32).max


def attention_forward(
    q: torch.Tensor,
    k: torch.Tensor,
    v: torch.Tensor,
    causal: bool = False,
    scale: Optional[float] = None,
) -> torch.Tensor:
    """softmax(scale * q k^T) v for q, k, v of one shape [batch, heads, seq, dim]; same shape out.

    FP16 or BF16 on one CUDA device, dim 64 or 128, any seq; the last dimension contiguous, rows
    16-byte aligned, other strides free. scale defaults to 1/sqrt(dim). The output is contiguous
    and the launch goes to the current stream. A row without a finite score becomes zeros.

    Raises TypeError or ValueError for arguments that are not supported, LibraryError if the
    library is missing or refuses. Forward only.
    """
    for name, tensor in (("q", q), ("k", k), ("v", v)):
        if not isinstance(tensor, torch.Tensor):
            raise TypeError(f"{name}: expected a torch.Tensor, got {type(tensor).__name__}")
    factor = _default_scale(q) if scale is None else float(scale)
    if torch.compiler.is_compiling():
        # The operator checks too, but there torch.compile would wrap our words in its own.
        check_arguments(q, k, v, factor)
    output: torch.Tensor = _OPERATOR(q, k, v, bool(causal), factor)
    return output


def _default_scale(q: torch.Tensor) -> float:
    # A shape without a usable last dimension is refused a moment later; it must not divide by 0.
    return 1.0 / math.sqrt(q.shape[-1]) if q.dim() and q.shape[-1] else 1.0


def kernel_name(q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, causal: bool = False) -> str:
    """The name the library gives the kernel that attention_forward would launch for these."""
    check_arguments(q, k, v, 1.0)
    _check_rows(q, k, v)
    return library.name_of_kernel(_arguments(q, k, v, q, causal, 1.0))


def check_arguments(q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, scale: float) -> None:
    """Raise TypeError or ValueError for what can be told without looking at memory."""
    shape = tuple(q.shape)
    if q.dtype not in DTYPES:
        raise TypeError(f"q: expected float16 or bfloat16, got {q.dtype}")
    if len(shape) != 4:
        raise ValueError(f"q: expected [batch, heads, seq, dim], got shape {shape}")
    if shape[3] not in DIMS:
        raise ValueError(f"q: head dimension {shape[3]}; expected 64 or 128")
    if min(shape) < 1:
        raise ValueError(f"q: every dimension must be at least 1, got shape {shape}")
    for name, tensor in (("k", k), ("v", v)):
        for what in ("shape", "dtype", "device"):
            mine, theirs = getattr(tensor, what), getattr(q, what)
            if mine != theirs:
                raise ValueError(f"{name}: {what} {mine} differs from q's {theirs}")
    if not abs(scale) * LOG2_E <= LARGEST_FLOAT:
        raise ValueError(f"scale: expected a finite number within float32, got {scale}")
    _check_use(q, k, v)


def _check_use(q: torch.Tensor, k: torch.Tensor, v: torch.Tensor) -> None:
    if torch.is_grad_enabled() and (q.requires_grad or k.requires_grad or v.requires_grad):
        raise ValueError(
            "gradients are not supported: call under torch.no_grad() or pass detached tensors"
        )
    if q.device.type != "cuda":
        raise ValueError(f"q, k and v must be CUDA tensors, got device {q.device}")


def _check_rows(q: torch.Tensor, k: torch.Tensor, v: torch.Tensor) -> None:
    for name, tensor in (("q", q), ("k", k), ("v", v)):
        strides, address = tensor.stride(), tensor.data_ptr()
        if strides[3] != 1:
            raise ValueError(
                f"{name}: the last dimension must be contiguous, its stride is {strides[3]}"
            )
        steps = [step for size, step in zip(tensor.shape[:3], strides) if size > 1]
        if address % ROW_BYTES or any(step % ROW_ELEMENTS for step in steps):
            raise ValueError(
                f"{name}: every row must start at a multiple of {ROW_BYTES} bytes; "
                f"strides are {strides} elements, the address is {address:#x}"
            )


def _arguments(
    q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, o: torch.Tensor, causal: bool, scale: float
) -> library.Attention:
    return library.Attention(
        q.data_ptr(), k.data_ptr(), v.data_ptr(), o.data_ptr(),
        q.stride()[:3], k.stride()[:3], v.stride()[:3], o.stride()[:3],
        *q.shape, DTYPES[q.dtype], causal, scale,
    )  # fmt: skip


def _forward(
    q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, causal: bool, scale: float
) -> torch.Tensor:
    check_arguments(q, k, v, scale)
    _check_rows(q, k, v)
    output = torch.empty(q.shape, dtype=q.dtype, device=q.device)
    with torch.cuda.device(q.device):
        stream = torch.cuda.current_stream(q.device).cuda_stream
        library.forward(_arguments(q, k, v, output, causal, scale), stream)
    return output


def _forward_shape(
    q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, causal: bool, scale: float
) -> torch.Tensor:
    check_arguments(q, k, v, scale)
    return torch.empty(q.shape, dtype=q.dtype, device=q.device)


# Defined by hand rather than by torch.library.custom_op, whose wrapper costs about three times as
# much host time per call; a short sequence's kernel is done in less than all of it.
_LIBRARY = torch.library.Library("blackwell_sparsek", "DEF")
_LIBRARY.define(
    "attention_forward(Tensor q, Tensor k, Tensor v, bool causal, float scale) -> Tensor"
)
# For every backend, so that a CPU tensor meets check_arguments and not the dispatcher's words.
_LIBRARY.impl("attention_forward", _forward, "CompositeExplicitAutograd")
torch.library.register_fake("blackwell_sparsek::attention_forward", _forward_shape)
_OPERATOR = torch.ops.blackwell_sparsek.attention_forward.default
