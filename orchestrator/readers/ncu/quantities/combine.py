"""Several kernels of one call as one: sums where they exist, a reason where they do not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from orchestrator.readers.ncu.capture import KernelCapture, Measurement
from orchestrator.readers.ncu.number import is_nothing
from orchestrator.readers.ncu.quantities.quantity import NEVER, SAME, SUM, Quantity


@dataclass(frozen=True)
class Combined:
    """A quantity of all kernels together, in the quantity's unit; or why there is none."""

    value: float | None
    reason: str = ""


class State(Enum):
    """What a file has of a quantity. Three, and no two of them are the same thing."""

    MEASURED = "measured"
    NOT_COLLECTED = "not collected"
    NOT_UNDERSTOOD = "not understood"


@dataclass(frozen=True)
class Reading:
    """What one capture has of a quantity.

    value: in the quantity's unit, if measured. name: the name under which the file has it. said:
    what stands there instead: ncu's word for "no number", or what we do not understand.
    """

    state: State
    name: str = ""
    value: float | None = None
    said: str = ""


NOT_THERE = Reading(State.NOT_COLLECTED)


def reading(capture: KernelCapture, quantity: Quantity) -> Reading:
    """The quantity of one kernel, under whichever of its names it can be read.

    A value in a unit that is not the quantity's is not understood, and so is text that is neither
    a number nor one of ncu's words for none.
    """
    found = NOT_THERE
    for name in quantity.names:
        one = capture.metrics.get(name)
        if one is None:
            continue
        if (value := _value(one, quantity, name)) is not None:
            return Reading(State.MEASURED, name, value)
        if one.value is None and is_nothing(one.said):
            found = found if found.name else Reading(State.NOT_COLLECTED, name, said=one.said)
        elif found.state is not State.NOT_UNDERSTOOD:
            found = Reading(State.NOT_UNDERSTOOD, name, said=_as_it_stands(one))
    return found


def read(capture: KernelCapture, quantity: Quantity) -> float | None:
    """The quantity of one kernel, None unless it was measured and understood."""
    for name in quantity.names:
        one = capture.metrics.get(name)
        if one is not None and (value := _value(one, quantity, name)) is not None:
            return value
    return None


def _value(one: Measurement, quantity: Quantity, name: str) -> float | None:
    is_ours = one.unit == quantity.unit or quantity.takes(one.unit, name)
    return one.value if is_ours and isinstance(one.value, (int, float)) else None


def _as_it_stands(one: Measurement) -> str:
    text = one.said if one.value is None else one.value
    shown = f"{text:.15g}" if isinstance(text, float) else str(text)
    return f"“{shown}” in “{one.unit}”" if one.unit else f"“{shown}” without a unit"


def combine(captures: Sequence[KernelCapture], quantity: Quantity) -> Combined:
    """The quantity for all `captures`, taken as the kernels of one call.

    A value missing in one kernel makes the whole missing: a sum over the rest would be too small.
    """
    readings = [reading(capture, quantity) for capture in captures]
    present = [one.value for one in readings if one.value is not None]
    unclear = next((one for one in readings if one.state is State.NOT_UNDERSTOOD), None)
    if unclear:
        return Combined(None, f"not understood: {unclear.name} is {unclear.said}")
    if not captures or len(present) < len(captures):
        return Combined(None, f"measured for {len(present)} of {len(captures)} kernels")
    if any(capture.launches > 1 for capture in captures):
        return Combined(None, "not combinable: averages over several launches")
    rule = quantity.combination
    if rule is SUM:
        return Combined(sum(present))
    if len(set(present)) == 1 and (rule is SAME or len(present) == 1):
        return Combined(present[0])
    if rule in (SAME, NEVER):
        why = "the kernels differ" if rule is SAME else "a ratio of each kernel's own"
        return Combined(None, f"not combinable: {why}")
    weights = [capture.number(rule.weight) for capture in captures]
    known = [weight for weight in weights if weight is not None and weight >= 0]
    if len(known) < len(captures) or not sum(known):
        return Combined(None, f"not combinable without {rule.weight}")
    return Combined(sum(v * w for v, w in zip(present, known, strict=True)) / sum(known))
