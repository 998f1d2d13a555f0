"""Kernel names as a page has room for them, told apart, with the way back to the full ones."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from orchestrator.ncu.wording import short_name

NO_NAME = "(no name)"


def shown_names(kernels: Iterable[str]) -> dict[str, str]:
    """A name to show for each full one; kernels whose short names are the same get a number."""
    full = list(dict.fromkeys(kernels))
    short = {name: short_name(name) or NO_NAME for name in full}
    alike, taken = Counter(short.values()), Counter[str]()
    shown = {}
    for name in full:
        taken[short[name]] += 1
        number = f" [{taken[short[name]]}]" if alike[short[name]] > 1 else ""
        shown[name] = short[name] + number
    return shown


def full_names(shown: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    """(shown, full) of the kernels whose name is not shown in full."""
    return tuple((short, full) for full, short in shown.items() if full and short != full)
