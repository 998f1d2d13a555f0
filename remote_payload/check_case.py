"""One provider on one shape against the reference; runs inside a worker process."""

from __future__ import annotations

import ctypes
import hashlib
import math
import traceback
from dataclasses import replace
from typing import Any, Tuple

import torch

from remote_payload import inputs, measure_error, reference
from remote_payload.contract import CheckPlan, CheckRecord, Provider, Shape, Status
from remote_payload.providers import BadTarget, CannotRun, Loaded, load
from remote_payload.setting import Setting

Tensor = Any
Tensors = Tuple[Tensor, Tensor, Tensor]


class WrongForm(Exception):
    """What came back is no attention output at all; the text says in which way."""


def check(provider: Provider, shape: Shape, setting: Setting, plan: CheckPlan) -> CheckRecord:
    """Run `provider` twice on `shape` and measure its output; never raises an Exception.

    SKIPPED: it says that it cannot run here; FAILED: it raised, or gave something wrong.
    """
    record = CheckRecord(provider.name, shape, Status.FAILED)
    try:
        loaded = load(provider, setting)
    except CannotRun as exc:
        return replace(record, status=Status.SKIPPED, reason=str(exc))
    except BadTarget as exc:
        return replace(record, reason=str(exc))
    except Exception as exc:
        traceback.print_exc()
        return replace(record, reason=f"could not be loaded: {sentence(exc)}")
    try:
        return _measure(record, loaded, setting, plan)
    except CannotRun as exc:
        return replace(record, status=Status.SKIPPED, reason=str(exc))
    except WrongForm as exc:
        return replace(record, reason=str(exc))
    except Exception as exc:
        if loaded.refuses(exc):
            return replace(record, status=Status.SKIPPED, reason=sentence(exc))
        traceback.print_exc()
        return replace(record, reason=f"raised {sentence(exc)}")


def sentence(exc: BaseException) -> str:
    """An exception as one line."""
    text = str(exc).strip()
    return f"{type(exc).__name__}: {text.splitlines()[0]}" if text else type(exc).__name__


def scale_of(shape: Shape) -> float:
    """The softmax scale, 1 / sqrt(dim)."""
    return 1.0 / math.sqrt(shape.dim)


def require_form(out: Any, like: Tensor) -> None:
    """Raise WrongForm unless `out` is a tensor of the shape, dtype and device of `like`."""
    if not isinstance(out, torch.Tensor):
        raise WrongForm(f"returned {type(out).__name__}, not a tensor")
    for what in ("shape", "dtype", "device"):
        got, want = getattr(out, what), getattr(like, what)
        if got != want:
            raise WrongForm(f"returned {what} {_plain(got)}, expected {_plain(want)}")


def truth(qkv: Tensors, shape: Shape) -> Any:
    """The reference blocks of a case, made one by one when iterated."""
    return reference.blocks(*qkv, causal=shape.causal, scale=scale_of(shape))


def _measure(record: CheckRecord, loaded: Loaded, setting: Setting, plan: CheckPlan) -> CheckRecord:
    shape = record.shape
    drawn = inputs.given(shape, setting)
    qkv = to_device(drawn, setting)
    arguments = {"causal": shape.causal, "scale": scale_of(shape)}
    name = loaded.implementation(*qkv, **arguments)
    record = replace(record, implementation=name, emulated=loaded.emulated)
    _poison(qkv[0])
    with torch.no_grad(), loaded.within():
        first = loaded.call(*qkv, **arguments)
        require_form(first, qkv[0])
        kept = first.clone()
        second = loaded.call(*qkv, **arguments)
        require_form(second, qkv[0])
    settle(setting)
    pristine = to_device(drawn, setting)
    changed = [n for n, a, b in zip("qkv", qkv, pristine) if not torch.equal(_raw(a), _raw(b))]
    error = measure_error.measure(kept, truth(pristine, shape), plan.rtol, plan.atol)
    reason = measure_error.describe(error)
    if changed:
        reason = f"changed its input {', '.join(changed)}" + (f"; {reason}" if reason else "")
    return replace(
        record,
        status=Status.FAILED if reason else Status.OK,
        reason=reason,
        error=error,
        deterministic=bool(torch.equal(_raw(kept), _raw(second))),
        output_digest=digest(kept),
    )


def to_device(drawn: Tensors, setting: Setting) -> Tensors:
    """Fresh copies of the tensors on the device of the run."""
    q, k, v = (tensor.to(setting.device, copy=True) for tensor in drawn)
    return q, k, v


def settle(setting: Setting) -> None:
    """Wait for the device; raises what a kernel did wrong."""
    if setting.device == "cuda":
        torch.cuda.synchronize()


def _poison(like: Tensor) -> None:
    """Leave NaN in the memory the allocator hands out next, so that an element the kernel never
    writes shows up instead of looking right by luck."""
    poison = [torch.full_like(like, float("nan")) for _ in range(3)]
    del poison


def _raw(tensor: Tensor) -> Tensor:
    """The bytes, so that equal NaNs compare equal and -0.0 differs from 0.0."""
    return tensor.contiguous().view(torch.uint8)


def digest(tensor: Tensor) -> str:
    """sha256 of the bytes in [batch, heads, seq, dim] order; works without numpy."""
    flat = tensor.detach().contiguous().cpu()
    size_bytes = flat.numel() * flat.element_size()
    view = (ctypes.c_char * size_bytes).from_address(flat.data_ptr())
    return hashlib.sha256(view).hexdigest()


def _plain(value: Any) -> str:
    return str(list(value)) if isinstance(value, torch.Size) else str(value)
