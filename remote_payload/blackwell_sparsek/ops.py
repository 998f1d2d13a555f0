"""attention_forward as a torch operator: checked arguments in, one kernel launch, output out."""

from __future__ import annotations

import math
from typing import Optional, Tuple

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
    out: Optional[torch.Tensor] = None,
) -> torch.Tensor:
    """softmax(scale * q k^T) v for q, k, v of one shape [batch, heads, seq, dim]; same shape out.

    FP16 or BF16 on one CUDA device, dim 64 or 128, any seq; the last dimension contiguous, rows
    16-byte aligned, other strides free. scale defaults to 1/sqrt(dim). The launch goes to the
    current stream, and a CUDA graph may capture it. A row without a finite score becomes zeros.

    out: where to write, and what is returned then: shape, dtype, device and rows as of q, strides
    of its own; its memory, gaps included, must not overlap q's, k's or v's. Without one the output
    is new and contiguous.

    Raises TypeError or ValueError for arguments that are not supported, LibraryError if the
    library is missing or refuses. Forward only.
    """
    given = (("q", q), ("k", k), ("v", v)) if out is None else _named(q, k, v, out)
    for name, tensor in given:
        if not isinstance(tensor, torch.Tensor):
            raise TypeError(f"{name}: expected a torch.Tensor, got {type(tensor).__name__}")
    factor = _scale_of(q, scale)
    if torch.compiler.is_compiling():
        # The operator checks too, but there torch.compile would wrap our words in its own.
        check_arguments(q, k, v, factor, out)
    if out is not None:
        _WRITING_OPERATOR(q, k, v, bool(causal), factor, out)
        return out
    output: torch.Tensor = _OPERATOR(q, k, v, bool(causal), factor)
    return output


def _named(*tensors: torch.Tensor) -> Tuple[Tuple[str, torch.Tensor], ...]:
    return tuple(zip(("q", "k", "v", "out"), tensors))


def _scale_of(q: torch.Tensor, scale: Optional[float]) -> float:
    if scale is not None:
        return float(scale)
    # A shape without a usable last dimension is refused a moment later; it must not divide by 0.
    return 1.0 / math.sqrt(q.shape[-1]) if q.dim() and q.shape[-1] else 1.0


def kernel_name(
    q: torch.Tensor,
    k: torch.Tensor,
    v: torch.Tensor,
    causal: bool = False,
    scale: Optional[float] = None,
) -> str:
    """The name the library gives the kernel that attention_forward would launch for these."""
    factor = _scale_of(q, scale)
    check_arguments(q, k, v, factor)
    _check_rows(q, k, v)
    return library.name_of_kernel(_arguments(q, k, v, q, causal, factor))


def check_arguments(
    q: torch.Tensor,
    k: torch.Tensor,
    v: torch.Tensor,
    scale: float,
    out: Optional[torch.Tensor] = None,
) -> None:
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
    others = (("k", k), ("v", v)) if out is None else _named(q, k, v, out)[1:]
    for name, tensor in others:
        for what in ("shape", "dtype", "device"):
            mine, theirs = getattr(tensor, what), getattr(q, what)
            if mine != theirs:
                raise ValueError(f"{name}: {what} {mine} differs from q's {theirs}")
    if not abs(scale) * LOG2_E <= LARGEST_FLOAT:
        raise ValueError(f"scale: expected a finite number within float32, got {scale}")
    _check_use(*((q, k, v) if out is None else (q, k, v, out)))


def _check_use(q: torch.Tensor, *others: torch.Tensor) -> None:
    if torch.is_grad_enabled() and any(tensor.requires_grad for tensor in (q, *others)):
        raise ValueError(
            "gradients are not supported: call under torch.no_grad() or pass detached tensors"
        )
    if q.device.type != "cuda":
        raise ValueError(f"q, k and v must be CUDA tensors, got device {q.device}")


def _check_rows(*tensors: torch.Tensor) -> None:
    for name, tensor in _named(*tensors):
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


def _check_apart(out: torch.Tensor, *inputs: torch.Tensor) -> None:
    reach = out.shape[3]
    for step, size in sorted(zip(out.stride()[:3], out.shape[:3])):
        if size > 1 and step < reach:
            raise ValueError(f"out: it overlaps itself, its strides are {out.stride()} elements")
        reach += (size - 1) * step
    first, end = _span(out)
    for name, tensor in _named(*inputs):
        begins, ends = _span(tensor)
        if first < ends and begins < end:
            raise ValueError(f"out: its memory, gaps included, overlaps that of {name}")


def _span(tensor: torch.Tensor) -> Tuple[int, int]:
    """From the address of the first element to the end of the last."""
    steps = zip(tensor.shape, tensor.stride())
    elements = 1 + sum((size - 1) * step for size, step in steps)
    return tensor.data_ptr(), tensor.data_ptr() + elements * tensor.element_size()


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
    _launch(q, k, v, output, causal, scale)
    return output


def _launch(
    q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, o: torch.Tensor, causal: bool, scale: float
) -> None:
    with torch.cuda.device(q.device):
        stream = torch.cuda.current_stream(q.device).cuda_stream
        library.forward(_arguments(q, k, v, o, causal, scale), stream)


def _forward_into(
    q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, causal: bool, scale: float, out: torch.Tensor
) -> None:
    check_arguments(q, k, v, scale, out)
    _check_rows(q, k, v, out)
    _check_apart(out, q, k, v)
    _launch(q, k, v, out, causal, scale)
    if not out.is_inference():
        # So that autograd notices if somebody's backward still needs what was there before.
        torch.autograd.graph.increment_version(out)


def _forward_shape(
    q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, causal: bool, scale: float
) -> torch.Tensor:
    check_arguments(q, k, v, scale)
    return torch.empty(q.shape, dtype=q.dtype, device=q.device)


def _forward_into_shape(
    q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, causal: bool, scale: float, out: torch.Tensor
) -> None:
    check_arguments(q, k, v, scale, out)


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

_LIBRARY.define(
    "attention_forward_into("
    "Tensor q, Tensor k, Tensor v, bool causal, float scale, Tensor(a!) out) -> ()"
)
_LIBRARY.impl("attention_forward_into", _forward_into, "CompositeExplicitAutograd")
torch.library.register_fake("blackwell_sparsek::attention_forward_into", _forward_into_shape)
_WRITING_OPERATOR = torch.ops.blackwell_sparsek.attention_forward_into.default
