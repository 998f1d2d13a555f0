"""One provider on one shape against the reference; runs inside a worker process."""

from __future__ import annotations

import ctypes
import hashlib
import math
from dataclasses import replace
from typing import Any, Callable, Dict, Iterator, Optional, Tuple

import torch

from remote_payload.compiling import emulation
from remote_payload.contract.case import Shape
from remote_payload.contract.plans import CheckPlan
from remote_payload.contract.records import CheckRecord
from remote_payload.contract.request import Provider
from remote_payload.contract.words import Status
from remote_payload.operators import measure_error
from remote_payload.operators.attention import inputs, reference
from remote_payload.operators.setting import Setting
from remote_payload.processes import places
from remote_payload.processes.places import sentence
from remote_payload.providers.loading import BadTarget, CannotRun, Loaded, load

Tensor = Any
Tensors = Tuple[Tensor, Tensor, Tensor]


class WrongForm(Exception):
    """What came back is no attention output at all; the text says in which way."""


def check(provider: Provider, shape: Shape, setting: Setting, plan: CheckPlan) -> CheckRecord:
    """Call `provider` on `shape`, on other inputs, and on the first again, and measure each output;
    never raises an Exception.

    SKIPPED: it says that it cannot run here; FAILED: it raised, or gave something wrong. Other bits
    within the tolerance are a fact of the record, and no failure.
    """
    record = CheckRecord(provider.name, shape, Status.FAILED)
    try:
        loaded = load(provider, setting)
    except CannotRun as exc:
        return replace(record, status=Status.SKIPPED, reason=str(exc))
    except BadTarget as exc:
        return replace(record, reason=str(exc))
    except Exception as exc:
        places.trace()
        return replace(record, reason=f"could not be loaded: {sentence(exc)}")
    try:
        return _emulated(_measure(record, loaded, setting, plan), loaded)
    except CannotRun as exc:
        return replace(record, status=Status.SKIPPED, reason=str(exc))
    except WrongForm as exc:
        return replace(record, reason=str(exc))
    except Exception as exc:
        if loaded.refuses(exc):
            return replace(record, status=Status.SKIPPED, reason=sentence(exc))
        places.trace()
        return replace(record, reason=f"raised {sentence(exc)}")


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


def _emulated(record: CheckRecord, loaded: Loaded) -> CheckRecord:
    """The record of a user's function, after its calls: only now is all loaded that it needs."""
    how = emulation.interpreter() if loaded.users else ""
    if not how:
        return record
    return replace(record, implementation=f"{record.implementation}, {how}", emulated=True)


def _measure(record: CheckRecord, loaded: Loaded, setting: Setting, plan: CheckPlan) -> CheckRecord:
    """The record with what all calls gave; the first call that is not right decides."""
    drawn = to_device(inputs.given(record.shape, setting), setting)
    held = to_device(drawn, setting)
    name = loaded.implementation(*held, **_arguments(record.shape))
    record = replace(record, implementation=name, emulated=loaded.emulated)
    kept: Optional[Tensor] = None
    for words, given, back in _calls(drawn):
        try:
            out, touched = _call(record.shape, loaded, setting, held, given)
        except Exception as exc:
            if kept is None:
                raise
            places.trace()  # who has answered once refuses nothing any more
            how = str(exc) if isinstance(exc, WrongForm) else f"raised {sentence(exc)}"
            return replace(record, reason=record.reason or words + how)
        wrong, error = touched, record.error
        if kept is None or not torch.equal(back(out), kept):
            blocks = truth(drawn, record.shape)
            error = measure_error.measure(back(out), blocks, plan.rtol, plan.atol)
            wrong = "; ".join(filter(None, (touched, measure_error.describe(error))))
        if kept is None:
            kept = out
            record = replace(record, error=error, output_digest=digest(kept))
        elif given is drawn:
            record = replace(record, deterministic=bool(torch.equal(_raw(kept), _raw(out))))
        if wrong and not record.reason:
            record = replace(record, reason=words + wrong, error=error)
    return record if record.reason else replace(record, status=Status.OK)


def _calls(drawn: Tensors) -> Iterator[Tuple[str, Tensors, Callable[[Tensor], Tensor]]]:
    """The calls of a check: words for what goes wrong, what q, k and v hold, and what makes the
    output one for `drawn` again.

    The other inputs are `drawn` with every head moved on by one and every sign turned. Scores stay
    as they are, so the right answer is the old one, moved and turned: no second reference is
    needed. Who hands out an old answer, or adds to it, is wrong then.
    """
    q, k, v = drawn
    yield "", drawn, lambda out: out
    others = _turned(q, 1), _turned(k, 1), _turned(v, 1)
    yield "its second call, on other inputs: ", others, lambda out: _turned(out, -1)
    del others  # as large as the first, and not needed for what follows
    yield "its third call, on the first inputs again: ", drawn, lambda out: out


def _turned(tensor: Tensor, by: int) -> Tensor:
    """`tensor` of [batch, heads, ...] with its heads moved on by `by`, and every sign turned."""
    moved = torch.roll(tensor.flatten(0, 1), by, 0)
    return moved.neg_().reshape(tensor.shape)


def _call(
    shape: Shape, loaded: Loaded, setting: Setting, held: Tensors, given: Tensors
) -> Tuple[Tensor, str]:
    """A copy of the output for `given`, put where q, k and v have lain from the first call on; and
    which of them were changed, in words. Raises WrongForm, or what the provider raises."""
    for place, tensor in zip(held, given):
        place.copy_(tensor)
    _poison(held[0])
    with torch.no_grad(), loaded.within():
        out = loaded.call(*held, **_arguments(shape))
        require_form(out, held[0])
        out = out.clone()
    settle(setting)
    return out, changed_inputs(held, given)


def changed_inputs(held: Tensors, given: Tensors) -> str:
    """Which of q, k and v no longer hold the bytes they were given, in words; else empty."""
    names = [n for n, a, b in zip("qkv", held, given) if not torch.equal(_raw(a), _raw(b))]
    return f"changed its input {', '.join(names)}" if names else ""


def _arguments(shape: Shape) -> Dict[str, Any]:
    return {"causal": shape.causal, "scale": scale_of(shape)}


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
    """The bytes, so that equal NaNs compare equal and -0.0 differs from 0.0; eight at a time, where
    that goes up, since large tensors are compared after each turn of a bench."""
    flat = tensor.contiguous().flatten()
    wide = flat.numel() * flat.element_size() % 8 == 0
    return flat.view(torch.int64 if wide else torch.uint8)


def digest(tensor: Tensor) -> str:
    """sha256 of the bytes in [batch, heads, seq, dim] order; works without numpy."""
    flat = tensor.detach().contiguous().cpu()
    size_bytes = flat.numel() * flat.element_size()
    view = (ctypes.c_char * size_bytes).from_address(flat.data_ptr())
    return hashlib.sha256(view).hexdigest()


def _plain(value: Any) -> str:
    return str(list(value)) if isinstance(value, torch.Size) else str(value)
