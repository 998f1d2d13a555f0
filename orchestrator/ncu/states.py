"""Sentences on what a file does not tell: not collected, or there and not understood."""

from __future__ import annotations

from collections.abc import Sequence

from orchestrator.ncu.capture import KernelCapture
from orchestrator.ncu.combine import Reading, State, reading
from orchestrator.ncu.metrics import QUANTITIES
from orchestrator.ncu.quantity import Quantity


def not_collected(kernels: Sequence[KernelCapture]) -> tuple[str, ...]:
    """What was not measured, by the option of ncu that would collect it."""
    by_option: dict[str, list[str]] = {}
    for quantity in QUANTITIES.values():
        lacking = _in_state(kernels, State.NOT_COLLECTED, quantity)
        if not lacking:
            continue
        text = quantity.title
        if len(lacking) < len(kernels):
            text += f" in {len(lacking)} of {len(kernels)}"
        if said := sorted({one.said or "nothing" for one in lacking if one.name}):
            text += f" (ncu printed {', '.join(said)})"
        option = f"--section {quantity.section}" if quantity.section else "--metrics"
        by_option.setdefault(option, []).append(
            text if quantity.section else f"{text} as {quantity.metric}"
        )
    return tuple(f"{option}: {', '.join(texts)}" for option, texts in by_option.items())


def not_understood(kernels: Sequence[KernelCapture]) -> tuple[str, ...]:
    """What stands in the file in a way that we cannot read: name, value and unit as they stand."""
    sentences = []
    for quantity in QUANTITIES.values():
        unclear = _in_state(kernels, State.NOT_UNDERSTOOD, quantity)
        if not unclear:
            continue
        as_it_stands = list(dict.fromkeys(f"{one.name} is {one.said}" for one in unclear))
        more = f" and {len(as_it_stands) - 1} more like it" if len(as_it_stands) > 1 else ""
        sentences.append(f"{quantity.title}: {as_it_stands[0]}{more}")
    return tuple(sentences)


def _in_state(kernels: Sequence[KernelCapture], state: State, quantity: Quantity) -> list[Reading]:
    return [one for one in (reading(kernel, quantity) for kernel in kernels) if one.state is state]
