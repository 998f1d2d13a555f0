"""Counters that no quantity of ours stands for: shown as they stand, never dropped."""

from __future__ import annotations

import statistics
from collections.abc import Collection, Sequence

from orchestrator.ncu.wording import readable
from orchestrator.readers.ncu.capture import Average, KernelCapture, Measurement

HEADER = ("Counter", "Value", "Range")
_SHOWN = 40
_OF_THE_DEVICE = "device__attribute_"
_NONE = "—"


def beyond(
    group: Sequence[KernelCapture], shown: Collection[str]
) -> tuple[tuple[tuple[str, ...], ...], str]:
    """Rows of the counters of like launches that are not in `shown`, and what is left out."""
    names = [one for one in dict.fromkeys(n for k in group for n in k.metrics) if one not in shown]
    attributes = [name for name in names if name.startswith(_OF_THE_DEVICE)]
    counters = [name for name in names if not name.startswith(_OF_THE_DEVICE)]
    rows = tuple(_row(group, name) for name in counters[:_SHOWN])
    rest = (
        (len(counters) - _SHOWN, "more counter", "more counters"),
        (len(attributes), "attribute of the device", "attributes of the device"),
    )
    left = [f"{n} {one if n == 1 else several}" for n, one, several in rest if n > 0]
    return rows, f"{' and '.join(left)}: --json" if left else ""


def _row(group: Sequence[KernelCapture], name: str) -> tuple[str, ...]:
    held = [one.metrics[name] for one in group if name in one.metrics]
    numbers = [one for one in held if isinstance(one.value, (int, float))]
    if numbers and len({one.unit for one in numbers}) == 1:
        value, spread = _numbers(numbers)
    else:
        texts = list(dict.fromkeys(_text(one) for one in held))
        value, spread = texts[0], f"also {', '.join(texts[1:4])}" if len(texts) > 1 else _NONE
    if len(held) < len(group):
        spread += f" ({len(held)} of {len(group)} launches)"
    return name, value, spread


def _numbers(held: Sequence[Measurement]) -> tuple[str, str]:
    unit = held[0].unit
    values = [one.value for one in held if isinstance(one.value, (int, float))]
    low, high = readable(min(values), unit), readable(max(values), unit)
    if len(held) == 1 and isinstance(held[0], Average):
        low, high = readable(held[0].low, unit), readable(held[0].high, unit)
    elif len(held) == 1:
        return readable(values[0], unit), _NONE
    spread = "same in all" if low == high else f"{low} – {high}"
    return readable(statistics.median(values), unit), spread


def _text(one: Measurement) -> str:
    if isinstance(one.value, (int, float)):
        return readable(one.value, one.unit)
    return one.value or (f"no number, ncu printed {one.said}" if one.said else _NONE)
