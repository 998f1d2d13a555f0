"""Cases that differ in one axis alone: what a chart runs along, and what it names once."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from remote_payload.contract.case import Case
from remote_payload.contract.facts import OperatorFacts


@dataclass(frozen=True)
class Sweep:
    """An axis along which cases are set out. name: in full."""

    symbol: str
    name: str

    def value(self, case: Case) -> int:
        """Where a case stands on the axis; 0 if it leaves it out."""
        return case.size(self.symbol, 0)

    def family(self, case: Case) -> Case:
        """The case without the axis: equal for all that differ in it alone."""
        axes = tuple(pair for pair in case.axes if pair[0] != self.symbol)
        return replace(case, axes=axes)


def sweep(cases: Iterable[Case], operator: OperatorFacts) -> Sweep:
    """The axis that a time is divided by in the operator's unit, where it varies; else the one
    that varies most; else that first one all the same."""
    values: dict[str, set[int]] = {}
    for case in cases:
        for symbol, value in case.sizes:
            values.setdefault(symbol, set()).add(value)
    names = {axis.symbol: axis.name for axis in operator.axes}
    usual = next((symbol for symbol, name in names.items() if name == operator.per), "")
    chosen = usual
    if len(values.get(usual, ())) < 2:
        most = max(values, key=lambda symbol: len(values[symbol]), default=usual)
        chosen = most if len(values.get(most, ())) > 1 or not usual else usual
    return Sweep(chosen, names.get(chosen, chosen))


def file_name(case: Case) -> str:
    """A case in a file's name: `b16-s512-d64-fp16`."""
    kept = (c for c in case.label.lower().replace(" ", "-") if c.isalnum() or c in "-_")
    return "".join(kept)
