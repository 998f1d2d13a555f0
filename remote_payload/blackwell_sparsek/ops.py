"""attention_forward as a torch operator: checked arguments in, one kernel launch, output out.

What a call with the same arguments found out is kept, without holding a tensor: the same shapes,
strides, addresses and scale need no second check and no second set of tensor maps.
"""

from __future__ import annotations

import math
import os
from typing import Callable, Hashable, Optional

import torch

from . import library
from .checks import DTYPES, check_apart, check_arguments, check_gradients, check_rows, check_tensors
from .eager import is_plain
from .recent import Recent

# An allocator comes back to few addresses; a prepared call is about a kilobyte.
MOST_INPUTS, MOST_OUTPUTS = 128, 8

_RECENT: Recent[Recent[library.Prepared]] = Recent(MOST_INPUTS)


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
    if torch.compiler.is_compiling() or not is_plain(q, k, v, out):
        return _dispatch(q, k, v, causal, scale, out)
    given = None if scale is None else float(scale)
    if out is None:
        return _forward(q, k, v, bool(causal), given)
    _forward_into(q, k, v, bool(causal), given, out)
    return out


def _dispatch(
    q: torch.Tensor,
    k: torch.Tensor,
    v: torch.Tensor,
    causal: bool,
    scale: Optional[float],
    out: Optional[torch.Tensor],
) -> torch.Tensor:
    """attention_forward by way of torch's dispatcher, for who traces or watches operators."""
    check_tensors(q, k, v, out)
    factor = _scale_of(q, scale)
    if torch.compiler.is_compiling():
        # The operator checks too, but there torch.compile would wrap our words in its own.
        check_arguments(q, k, v, factor, out)
    if out is not None:
        _WRITING_OPERATOR(q, k, v, bool(causal), factor, out)
        return out
    output: torch.Tensor = _OPERATOR(q, k, v, bool(causal), factor)
    return output


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
    variant: Optional[str] = None,
) -> str:
    """The name the library gives the kernel that attention_forward would launch for these.

    variant: that attention_variant(variant) would launch; LibraryError if it cannot run these.
    """
    number, factor = library.number_of_kernel(variant), _scale_of(q, scale)
    check_arguments(q, k, v, factor)
    check_rows(q, k, v)
    return library.name_of_kernel(arguments_of(q, k, v, q, causal, factor, number))


def attention_variant(variant: str) -> Callable[..., torch.Tensor]:
    """attention_forward, but always by one variant of the Hopper kernel: to be timed beside it.

    variant: a name in library.VARIANTS. What that cannot run, it refuses with a LibraryError; all
    else is as with attention_forward, but it is no operator of torch's: a lazily negated tensor is
    refused with a ValueError. ValueError: no such name.
    """
    number = library.number_of_kernel(variant)

    def forward(
        q: torch.Tensor,
        k: torch.Tensor,
        v: torch.Tensor,
        causal: bool = False,
        scale: Optional[float] = None,
        out: Optional[torch.Tensor] = None,
    ) -> torch.Tensor:
        check_tensors(q, k, v, out)
        if q.is_neg() or k.is_neg() or v.is_neg() or (out is not None and out.is_neg()):
            raise ValueError("a variant reads memory as it is: call resolve_neg() first")
        given = None if scale is None else float(scale)
        if out is None:
            return _forward(q, k, v, bool(causal), given, number)
        _forward_into(q, k, v, bool(causal), given, out, number)
        return out

    return forward


def arguments_of(
    q: torch.Tensor,
    k: torch.Tensor,
    v: torch.Tensor,
    o: torch.Tensor,
    causal: bool,
    scale: float,
    kernel: int = library.AUTO,
) -> library.Attention:
    """What the library takes. kernel: AUTO, or the number of a variant."""
    return library.Attention(
        q.data_ptr(), k.data_ptr(), v.data_ptr(), o.data_ptr(),
        q.stride()[:3], k.stride()[:3], v.stride()[:3], o.stride()[:3],
        *q.shape, DTYPES[q.dtype], causal,
        scale + 0.0,  # never -0.0, which is the same key of _RECENT and would be another kernel
        kernel,
    )  # fmt: skip


def _forward(
    q: torch.Tensor,
    k: torch.Tensor,
    v: torch.Tensor,
    causal: bool,
    scale: Optional[float],
    kernel: int = library.AUTO,
) -> torch.Tensor:
    calls = _calls(q, k, v, causal, scale, kernel)
    output = torch.empty_like(q, memory_format=torch.contiguous_format)
    key = output.data_ptr()
    call = calls.find(key)
    if call is None:
        call = _prepare(q, k, v, output, causal, scale, kernel)
        calls.put(key, call)
    _launch(call, q.device.index)
    return output


def _forward_into(
    q: torch.Tensor,
    k: torch.Tensor,
    v: torch.Tensor,
    causal: bool,
    scale: Optional[float],
    out: torch.Tensor,
    kernel: int = library.AUTO,
) -> None:
    calls = _calls(q, k, v, causal, scale, kernel, out)
    key: Hashable = (out.shape, out.stride(), out.data_ptr(), out.dtype, out.device)
    call = calls.find(key)
    if call is None:
        check_arguments(q, k, v, _scale_of(q, scale), out)
        check_rows(q, k, v, out)
        check_apart(out, q, k, v)
        call = _prepare(q, k, v, out, causal, scale, kernel)
        calls.put(key, call)
    _launch(call, q.device.index)
    if not out.is_inference():
        # So that autograd notices if somebody's backward still needs what was there before.
        torch.autograd.graph.increment_version(out)


def _calls(
    q: torch.Tensor,
    k: torch.Tensor,
    v: torch.Tensor,
    causal: bool,
    scale: Optional[float],
    kernel: int,
    out: Optional[torch.Tensor] = None,
) -> Recent[library.Prepared]:
    """The recent calls with these inputs, by their output; of other inputs none, once checked.

    The key holds all that the checks look at, but for autograd's mode: that is looked at here.
    """
    key = (
        q.shape, q.stride(), q.data_ptr(), q.dtype, q.device,
        k.shape, k.stride(), k.data_ptr(), k.dtype, k.device,
        v.shape, v.stride(), v.data_ptr(), v.dtype, v.device,
        causal, scale, kernel, os.environ.get(library.ENVIRONMENT),
    )  # fmt: skip
    calls = _RECENT.find(key)
    if calls is not None:
        check_gradients(q, k, v, out)
        return calls
    check_arguments(q, k, v, _scale_of(q, scale), out)
    check_rows(q, k, v)
    calls = Recent(MOST_OUTPUTS)
    _RECENT.put(key, calls)
    return calls


def _prepare(
    q: torch.Tensor,
    k: torch.Tensor,
    v: torch.Tensor,
    o: torch.Tensor,
    causal: bool,
    scale: Optional[float],
    kernel: int,
) -> library.Prepared:
    with torch.cuda.device(q.device):
        return library.Prepared(arguments_of(q, k, v, o, causal, _scale_of(q, scale), kernel))


def _launch(call: library.Prepared, device: int) -> None:
    if torch.cuda.current_device() == device:
        call.launch(_current_stream(device))
    else:
        with torch.cuda.device(device):
            call.launch(_current_stream(device))


def _stream_of(device: int) -> int:
    stream: int = torch.cuda.current_stream(device).cuda_stream
    return stream


# The same without a Stream object, where this torch has it.
_current_stream = getattr(torch._C, "_cuda_getCurrentRawStream", _stream_of)


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
