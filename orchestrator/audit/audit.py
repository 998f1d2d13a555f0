"""A file of results, judged: every rule on every row, and what came of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum

from orchestrator.audit.machine import machine
from orchestrator.audit.rules.claims import claims, overall
from orchestrator.audit.rules.grid import grid
from orchestrator.audit.rules.numbers import numbers
from orchestrator.audit.rules.order import order
from orchestrator.audit.rules.peaks import peaks
from orchestrator.audit.rules.ratios import beneath, ratios
from orchestrator.audit.rules.rows import duplicates, lacking
from orchestrator.audit.rules.series import series
from orchestrator.audit.rules.summary import summary
from orchestrator.audit.rules.work import work
from orchestrator.audit.values import Finding, Kind, Row, Sheet, Weight


class Verdict(str, Enum):
    """What can be said of a whole file. NOT_JUDGED: nothing in it could be held against anything
    that it claims."""

    CONTRADICTS = "contradicts itself or physics"
    NOT_JUDGED = "not judged"
    HOLDS = "nothing contradicts"


@dataclass(frozen=True)
class Objection:
    """One fault, and every place that has it. details: (where, arithmetic)."""

    kind: Kind
    weight: Weight
    title: str
    details: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Audit:
    """objections: gravest first. held: what was compared and agrees, with how often. bounds: which
    GPUs' peaks were used. judged: how many comparisons say something of what the file claims."""

    sheet: Sheet
    objections: tuple[Objection, ...]
    held: tuple[tuple[str, int], ...]
    bounds: tuple[str, ...]
    judged: int

    @property
    def verdict(self) -> Verdict:
        if self.contradictions:
            return Verdict.CONTRADICTS
        return Verdict.HOLDS if self.judged else Verdict.NOT_JUDGED

    @property
    def contradictions(self) -> tuple[Objection, ...]:
        return tuple(one for one in self.objections if one.weight is Weight.CONTRADICTION)


def audit(sheet: Sheet) -> Audit:
    """Hold everything in the file against everything else, and against physics."""
    found = list(_findings(sheet))
    return Audit(
        sheet=sheet,
        objections=_merged(found),
        held=_held(found),
        bounds=tuple(dict.fromkeys(machine(row.gpu, sheet.name).words for row in sheet.rows)),
        judged=sum(1 for one in found if _judges(one)),
    )


def _judges(found: Finding) -> bool:
    return found.weight is Weight.CONTRADICTION or (found.weight is Weight.HELD and found.judges)


def _findings(sheet: Sheet) -> Iterator[Finding]:
    groups: dict[tuple[tuple[str, str], ...], list[Row]] = {}
    for row in sheet.rows:
        groups.setdefault(row.same, []).append(row)
    yield from sheet.given
    for row in sheet.rows:
        beside = groups[row.same] if row.same else ()
        yield from numbers(row)
        yield from order(row)
        yield from work(row)
        yield from ratios(row, beside)
        yield from peaks(row, machine(row.gpu, sheet.name))
        yield from claims(row, beside)
        yield from series(row)
    for same, group in groups.items():
        yield from beneath(group) if same else ()
    yield from summary(sheet.rows)
    yield from overall(sheet.rows, groups)
    yield from grid(sheet.rows)
    yield from duplicates(sheet.rows)
    yield from lacking(sheet.rows)


def _merged(found: Sequence[Finding]) -> tuple[Objection, ...]:
    """The same fault at many places is one objection; gravest first, then by kind."""
    grouped: dict[tuple[Kind, Weight, str], list[tuple[str, str]]] = {}
    for one in found:
        if one.weight is not Weight.HELD:
            grouped.setdefault((one.kind, one.weight, one.title), []).append((one.where, one.text))
    objections = [
        Objection(kind, weight, title, tuple(details))
        for (kind, weight, title), details in grouped.items()
    ]
    weights, kinds = list(Weight), list(Kind)
    return tuple(
        sorted(objections, key=lambda one: (weights.index(one.weight), kinds.index(one.kind)))
    )


def _held(found: Sequence[Finding]) -> tuple[tuple[str, int], ...]:
    counts: dict[str, int] = {}
    for one in found:
        if one.weight is Weight.HELD:
            counts[one.title] = counts.get(one.title, 0) + 1
    return tuple(counts.items())
