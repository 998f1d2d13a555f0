"""Cases that differ in one axis alone: what a chart runs along, and what it names once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from remote_payload.contract.case import Case
from remote_payload.contract.facts import OperatorFacts


@dataclass(frozen=True)
class Sweep:
    """An axis along which cases are set out. name: in full.

    tied: the axes that have its value in every case, such as all of M, N and K of square products.
    """

    symbol: str
    name: str
    tied: tuple[str, ...] = ()

    @property
    def symbols(self) -> str:
        """As before the value in a case's label: `H`, `M=N=K`."""
        return "=".join((self.symbol, *self.tied))

    def value(self, case: Case) -> int:
        """Where a case stands on the axis; 0 if it leaves it out."""
        return case.size(self.symbol, 0)

    def family(self, case: Case) -> Case:
        """The case without the axis: equal for all that differ in it alone."""
        axes = tuple(pair for pair in case.axes if pair[0] not in (self.symbol, *self.tied))
        return replace(case, axes=axes)


def sweep(cases: Iterable[Case], operator: OperatorFacts) -> Sweep:
    """The axis that a time is divided by in the operator's unit, where it varies; else the one
    that varies most; else that first one all the same."""
    cases = tuple(cases)
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
    if len(values.get(chosen, ())) < 2:
        return Sweep(chosen, names.get(chosen, chosen))
    tied = tuple(symbol for symbol in values if symbol != chosen and _tied(cases, chosen, symbol))
    return Sweep(chosen, _name(chosen, tied, names), tied)


def _tied(cases: Iterable[Case], one: str, other: str) -> bool:
    return all(case.get(one, 0) == case.get(other, 0) for case in cases)


def _name(chosen: str, tied: tuple[str, ...], names: Mapping[str, str]) -> str:
    """In full; of several that go together their symbols, `M = N = K`."""
    return " = ".join((chosen, *tied)) if tied else names.get(chosen, chosen)


def file_name(case: Case) -> str:
    """A case in a file's name: `b16-s512-d64-fp16`."""
    kept = (c for c in case.label.lower().replace(" ", "-") if c.isalnum() or c in "-_")
    return "".join(kept)
