"""Pages of histories: all series in lists, and those of one provider, each drawn and told."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from orchestrator.performance.trend.trend import State
from orchestrator.report.charts.history import history as drawn
from orchestrator.report.history import wording
from orchestrator.report.history.series import Series
from orchestrator.report.printing.form import Form
from orchestrator.report.printing.templates import fill
from orchestrator.report.site import names
from orchestrator.report.site.lean import lean
from orchestrator.report.site.page import Frame, page
from orchestrator.report.view.tables import Table
from orchestrator.report.wording.plain import Gated

# Of fewer commits a line says nothing that a table does not.
_FEWEST_DRAWN = 4
# More than these stay folded, but for those of which there is something to see.
_MOST_OPEN = 3
_NUMBER, _DIGITS = re.compile(r"(\d+)"), 20
_POINTS = ("Commit", "Made", "Runs", "Figure (95 %)", "")


@dataclass(frozen=True)
class SeriesView:
    """anchor: of its place on its provider's page. verdict: what is known of steps; steps, notes: a
    sentence each. figures: what they are. drawing: SVG, "" where the table says it all."""

    anchor: str
    name: str
    machine: str
    verdict: str
    last: str
    figures: str
    steps: tuple[str, ...]
    notes: tuple[str, ...]
    table: Table
    drawing: Gated


@dataclass(frozen=True)
class ProviderView:
    """file: its page. headline: how many series, and of how many a step is known. series: their
    figures, and links the cases, in the same order. machine: where there is one, which no row then
    names. is_open: not folded at first."""

    name: str
    file: str
    headline: str
    machine: str
    series: Table
    links: tuple[str, ...]
    is_open: bool


@dataclass(frozen=True)
class StepView:
    """link: to its series; what: that one's name; words: what stepped, and where."""

    link: str
    what: str
    words: str


@dataclass(frozen=True)
class OperatorView:
    name: str
    headline: str
    providers: tuple[ProviderView, ...]


def providers(every: Sequence[Series]) -> dict[tuple[str, str], list[Series]]:
    """By operator and provider, in the order of their names; those of which no run stands for a
    commit tell nothing, and are only counted."""
    found: dict[tuple[str, str], list[Series]] = {}
    for one in sorted(filter(_has_runs, every), key=_in_order):
        found.setdefault((one.operator, one.provider), []).append(one)
    return found


def _has_runs(one: Series) -> bool:
    return bool(one.runs or one.beside)


def _in_order(one: Series) -> tuple[object, ...]:
    """Cases as people count: H=16 before H=128."""
    parts = _NUMBER.split(one.case)
    case = [(part.zfill(_DIGITS) if at % 2 else part) for at, part in enumerate(parts)]
    return one.operator, one.provider, one.machine, case, one.method


def overview(every: Sequence[Series]) -> str:
    """The page of all of them."""
    found = providers(every)
    operators = [
        _operator(name, {who: found[name, who] for _, who in keys})
        for name, keys in groupby(found, lambda key: key[0])
    ]
    empty = len(every) - sum(map(_has_runs, every))
    told = _filled(
        "history.j2",
        operators=operators,
        steps=_steps(found),
        together=f"{len(every)} series",
        left_out=f"{empty} more have no run at a commit that is known." if empty else "",
    )
    return page(Frame("History of all providers", "", names.HISTORY), "whole.j2", body=told)


def _steps(found: Mapping[tuple[str, str], Sequence[Series]]) -> list[StepView]:
    """All that are known, those of the series that ran last first."""
    every = [
        (one.runs[-1].at, StepView(f"{names.history_of(*key)}#{_anchor(at)}", _whole(one), words))
        for key, series in found.items()
        for at, one in enumerate(series)
        for words in wording.steps(one)
    ]
    return [view for _, view in sorted(every, key=lambda each: each[0], reverse=True)]


def _whole(one: Series) -> str:
    return f"{one.operator}: {one.name}" if one.operator else one.name


def _anchor(number: int) -> str:
    return f"s{number + 1}"


def of_provider(operator: str, provider: str, every: Sequence[Series]) -> str:
    """The page of one provider."""
    views = [_series(number, one) for number, one in enumerate(every)]
    title = f"{provider}, {operator}: history"
    told = _filled("provider.j2", title=title, series=views)
    return page(Frame(title, "../", names.HISTORY), "whole.j2", body=told)


def _filled(template: str, **views: object) -> Gated:
    """Part of a page whose tables are as those of reports, and lean."""
    return Gated(lean(fill(f"site/{template}", Form.HTML, None, names=names, **views)))


def _operator(name: str, who: dict[str, list[Series]]) -> OperatorView:
    every = [one for series in who.values() for one in series]
    told = tuple(
        _provider(name, provider, series, few=len(who) <= _MOST_OPEN)
        for provider, series in who.items()
    )
    return OperatorView(name or "an operator that nobody named", _headline(every), told)


def _provider(operator: str, provider: str, every: Sequence[Series], few: bool) -> ProviderView:
    file = names.history_of(operator, provider)
    machines = list(dict.fromkeys(one.machine for one in every))
    is_one = len(machines) == 1
    rows = tuple(
        (one.method, *(() if is_one else (one.machine or "—",)), *_brief(one)) for one in every
    )
    header = ("Method", *(() if is_one else ("Machine",)), "Known of steps", "Last figure")
    return ProviderView(
        name=provider,
        file=file,
        headline=_headline(every),
        machine=machines[0] if is_one else "",
        series=Table(header, rows),
        links=tuple(one.case for one in every),
        is_open=few or any(one.trend.state is State.FOUND for one in every),
    )


def _headline(every: Sequence[Series]) -> str:
    steps = sum(one.trend.state is State.FOUND for one in every)
    found = f"a step in {steps}" if steps else "no step found"
    few = sum(one.trend.state is State.TOO_FEW for one in every)
    rest = f", {few} with too few runs to tell" if few else ""
    return f"{len(every)} series, {found}{rest}"


def _brief(one: Series) -> tuple[str, str]:
    points = one.trend.points
    last = f"{wording.figure(points[-1])} {one.what}" if points else "—"
    return wording.verdict(one), last


def _series(number: int, one: Series) -> SeriesView:
    verdict, last = _brief(one)
    anchor, is_drawn = _anchor(number), len(one.trend.points) >= _FEWEST_DRAWN
    # By its own name: those of one page may name their parts by it.
    chart = replace(drawn([one]), name=f"{anchor}.svg") if is_drawn else None
    return SeriesView(
        anchor=anchor,
        name=f"{one.case}, {one.method}",
        machine=one.machine or "a machine of which nothing is known",
        verdict=verdict,
        last=last,
        figures=wording.figures(one),
        steps=tuple(wording.steps(one)),
        notes=tuple(wording.notes(one)),
        table=Table(_POINTS, tuple(wording.points(one))),
        drawing=Gated(chart.svg if chart and not chart.reason else ""),
    )
