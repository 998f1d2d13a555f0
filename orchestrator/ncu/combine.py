"""Several kernels of one call as one: sums where they exist, a reason where they do not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from orchestrator.ncu.capture import KernelCapture
from orchestrator.ncu.quantity import NEVER, SAME, SUM, Quantity


@dataclass(frozen=True)
class Combined:
    """A quantity of all kernels together, in the quantity's unit; or why there is none."""

    value: float | None
    reason: str = ""


def read(capture: KernelCapture, quantity: Quantity) -> float | None:
    """The quantity of one kernel, under whichever of its names it stands there."""
    for name in (quantity.metric, *quantity.elsewhere):
        value = capture.number(name)
        if value is not None and capture.metrics[name].unit == quantity.unit:
            return value
    return None


def combine(captures: Sequence[KernelCapture], quantity: Quantity) -> Combined:
    """The quantity for all `captures`, taken as the kernels of one call.

    A value missing in one kernel makes the whole missing: a sum over the rest would be too small.
    """
    values = [read(capture, quantity) for capture in captures]
    present = [value for value in values if value is not None]
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
