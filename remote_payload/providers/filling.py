"""A function that gets its outputs behind its inputs and fills them: destination-passing.

It is one if its entry says so, or if its parameters behind those for the inputs have no defaults
and are called like the operator's outputs: without outputs such a function could not be called.
"""

from __future__ import annotations

import inspect
from dataclasses import replace
from typing import Any, Callable, Optional, Tuple

import torch

from remote_payload.contract.case import Case
from remote_payload.operators import drawing
from remote_payload.operators.base import Output
from remote_payload.operators.loaded import Form, Function, Loaded

Tensor = Any
_BY_PLACE = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)


def fitting(said: Optional[bool], loaded: Loaded) -> Callable[[Form], Loaded]:
    """`Loaded.fit` of a user's Python function. said: what its entry says of it."""

    def fit(form: Form) -> Loaded:
        if not (fills(loaded.call, form) if said is None else said):
            return loaded
        return replace(
            loaded,
            call=_filling(loaded.call, form),
            implementation=lambda *a, **k: f"{loaded.implementation(*a, **k)}, fills its outputs",
        )

    return fit


def fills(function: Function, form: Form) -> bool:
    """Whether its parameters say that it fills its outputs."""
    try:
        parameters = list(inspect.signature(function).parameters.values())
    except (TypeError, ValueError):  # compiled functions seldom tell
        return False
    behind = parameters[len(form.inputs) :][: len(form.outputs)]
    return [one.name for one in behind] == [one.name for one in form.outputs] and all(
        one.kind in _BY_PLACE and one.default is one.empty for one in behind
    )


def empty(outputs: Tuple[Output, ...], case: Case, device: str) -> Tuple[Tensor, ...]:
    """Fresh tensors for outputs, of whatever the memory holds."""
    return tuple(
        torch.empty(one.size, dtype=drawing.torch_dtype(one.dtype or case.dtype), device=device)
        for one in outputs
    )


def as_returned(outputs: Tuple[Tensor, ...]) -> Any:
    """As a function returns them: one alone is no tuple."""
    return outputs[0] if len(outputs) == 1 else outputs


def _filling(function: Function, form: Form) -> Function:
    def call(*inputs: Tensor, **scalars: Any) -> Any:
        outputs = empty(form.outputs, form.case, form.device)
        returned = function(*inputs, *outputs, **scalars)
        given = returned if isinstance(returned, (tuple, list)) else (returned,)
        if returned is not None and not all(any(a is b for b in outputs) for a in given):
            what = type(returned).__name__
            raise TypeError(f"returned a {what} of its own, though it fills the outputs it gets")
        return as_returned(outputs)

    return call
