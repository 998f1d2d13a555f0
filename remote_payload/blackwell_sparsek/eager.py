"""Whether a call may pass torch's dispatcher by: what it would do beyond running the operator.

The dispatcher costs a few microseconds a call, as much as a short sequence's kernel takes.
"""

from __future__ import annotations

from typing import Any, Callable, Optional, Tuple

import torch


def _listeners() -> Optional[Tuple[Callable[[], Any], ...]]:
    """What tells whether somebody watches operators; None if this torch lacks one of them.

    They are private to torch. Where one is gone every call goes through the dispatcher, which is
    slower and always right.
    """
    try:
        return (
            torch._C._len_torch_dispatch_stack,  # FakeTensorMode, make_fx, a user's own mode
            torch._C._len_torch_function_stack,  # set_default_device, a user's own mode
            torch._C._functorch.peek_interpreter_stack,  # vmap, grad, functionalize
            torch._C._get_tracing_state,  # torch.jit.trace
            torch.autograd._profiler_enabled,  # a profile names the operators it saw
        )
    except AttributeError:
        return None


_LISTENERS = _listeners()  # looked up once: a call has no time for it


def is_plain(q: Any, k: Any, v: Any, out: Any = None) -> bool:
    """Whether these are mere tensors, subclasses and lazily negated ones excluded, that nobody
    watches: no mode, no transform, no trace, no profile. `out` may be None."""
    tensor = torch.Tensor
    if not (type(q) is tensor and type(k) is tensor and type(v) is tensor):
        return False
    if _LISTENERS is None or (out is not None and type(out) is not tensor):
        return False
    dispatch, function, transforms, tracing, profile = _LISTENERS
    if dispatch() or function() or transforms() or tracing() or profile():
        return False  # before a tensor is asked anything: they would hear that, too
    negated = q.is_neg() or k.is_neg() or v.is_neg() or (out is not None and out.is_neg())
    return not negated
