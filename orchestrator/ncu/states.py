"""Sentences on what a file does not tell: not collected, or there and not understood."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from orchestrator.readers.ncu.capture import KernelCapture
from orchestrator.readers.ncu.quantities.combine import Reading, State, reading
from orchestrator.readers.ncu.quantities.metrics import QUANTITIES
from orchestrator.readers.ncu.quantities.quantity import Quantity

_NONE = "—"


@dataclass(frozen=True)
class Untold:
    """not_collected: by the option of ncu that collects it; not_understood: as it stands."""

    not_collected: tuple[str, ...]
    not_understood: tuple[str, ...]


def untold(kernels: Sequence[KernelCapture]) -> Untold:
    """What these kernels do not tell of the quantities that we know."""
    by_option: dict[str, list[str]] = {}
    unclear: list[str] = []
    for quantity in QUANTITIES.values():
        readings = [reading(kernel, quantity) for kernel in kernels]
        if lacking := [one for one in readings if one.state is State.NOT_COLLECTED]:
            option = f"--section {quantity.section}" if quantity.section else "--metrics"
            text = _lacking(quantity, lacking, len(kernels))
            by_option.setdefault(option, []).append(text)
        if odd := [one for one in readings if one.state is State.NOT_UNDERSTOOD]:
            unclear.append(f"{quantity.title}: {_as_they_stand(odd)}")
    return Untold(
        tuple(f"{option}: {', '.join(texts)}" for option, texts in by_option.items()),
        tuple(unclear),
    )


def blank(kernels: Sequence[KernelCapture], quantity: Quantity) -> str:
    """What a table's cell says where there is no value."""
    states = {reading(kernel, quantity).state for kernel in kernels}
    return "not understood" if State.NOT_UNDERSTOOD in states else _NONE


def _lacking(quantity: Quantity, lacking: Sequence[Reading], kernels: int) -> str:
    text = quantity.title
    if len(lacking) < kernels:
        text += f" in {len(lacking)} of {kernels}"
    if said := sorted({one.said or "nothing" for one in lacking if one.name}):
        text += f" (ncu printed {', '.join(said)})"
    return text if quantity.section else f"{text} as {quantity.metric}"


def _as_they_stand(odd: Sequence[Reading]) -> str:
    """The first with name, value and unit, and how many others there are."""
    first, *others = dict.fromkeys(f"{one.name} is {one.said}" for one in odd)
    return f"{first} and {len(others)} more like it" if others else first
