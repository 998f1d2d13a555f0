"""Claims in words, and targets, against the figures beside them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from orchestrator.audit.rules import figures as fig
from orchestrator.audit.rules.beside import Beside, Pair, expected, is_baseline
from orchestrator.audit.rules.figures import agree, of, times_for
from orchestrator.audit.values import Boast, Figure, Finding, Kind, Quantity, Role, Row, Weight

Same = tuple[tuple[str, str], ...]
# What is said in words is rounded.
_ABOUT = 1.05


def claims(row: Row, beside: Beside) -> Iterator[Finding]:
    """Whether what is claimed in words is what the figures say."""
    for boast in row.boasts:
        reached = list(_targets(row))
        if boast.of_target and reached:
            yield from (_target(row, boast, *one) for one in reached)
        elif boast.winner:
            yield from _winner(row, boast)
        elif boast.loose:
            continue
        elif pairs := _speedups(row, beside):
            yield _held_against(row, boast, pairs)


def _speedups(row: Row, beside: Beside) -> list[Pair]:
    """What the row's own times say, else its own speed-up."""
    claim = Figure("", Quantity.SPEEDUP, 1.0)
    pairs = [pair for pair in expected(row, claim, beside) if pair.quantity is Quantity.TIME]
    if pairs:
        return pairs
    told = [one for one in of(row, Quantity.SPEEDUP) if not one.statistic]
    words = [(one, f"{one.key}: {fig.times(one.value)}") for one in told]
    return [Pair(one.value, text, one.slack, Quantity.SPEEDUP, True) for one, text in words]


def overall(rows: Sequence[Row], groups: Mapping[Same, Sequence[Row]]) -> Iterator[Finding]:
    """Claims of a whole file, which has no times beside them, against the rows of it that have."""
    whole = [row for row in rows if row.boasts and not row.of(Quantity.TIME)]
    if not whole:
        return
    claim = Figure("", Quantity.SPEEDUP, 1.0)
    beside = ((row, groups[row.same] if row.same else ()) for row in rows)
    pairs = [p for row, others in beside for p in expected(row, claim, others) if p.sure]
    ratios = [pair.ratio for pair in pairs if pair.quantity is Quantity.TIME]
    for row in whole if ratios else ():
        for boast in row.boasts:
            if not (boast.loose or boast.winner or of(row, Quantity.SPEEDUP, Role.TARGET)):
                yield _among(row, boast, min(ratios), max(ratios), len(ratios))


def _among(row: Row, boast: Boast, least: float, most: float, count: int) -> Finding:
    claimed, least_of_all = boast.factor or 1.0, least if boast.factor else 0.0
    if least_of_all / _ABOUT <= claimed <= most * _ABOUT:
        return Finding(Kind.CLAIM, Weight.HELD, "claims of the whole are what the rows say")
    span = fig.times(least) if least == most else f"{fig.times(least)} to {fig.times(most)}"
    text = f"{boast.words}; by the times of {count} rows it is {span}"
    title = "claimed of the whole, and by the times of no row"
    return Finding(Kind.CLAIM, Weight.CONTRADICTION, title, row.where, text)


def _held_against(row: Row, boast: Boast, pairs: list[Pair]) -> Finding:
    held = Finding(Kind.CLAIM, Weight.HELD, "claims in words are what the times say")
    sure = [pair for pair in pairs if pair.sure]
    if not sure:
        return Finding(held.kind, Weight.HELD, held.title, judges=False)
    pair = sure[0]
    text = f"{boast.words}; {pair.words} are {fig.times(pair.ratio)}"
    if boast.factor is None:
        if any(one.ratio >= 1 - one.slack for one in sure):
            return held
        title = "claimed to be met or faster, and slower by its own times"
        return Finding(Kind.CLAIM, Weight.CONTRADICTION, title, row.where, text)
    if any(agree(boast.factor, one.ratio, 0.04 + one.slack) for one in sure):
        return held
    title = "a factor claimed in words that is not that of its own times"
    if boast.factor > 1 > pair.ratio:
        title = "claimed faster in words, and slower by its own times"
    return Finding(Kind.CLAIM, Weight.CONTRADICTION, title, row.where, text)


def _winner(row: Row, boast: Boast) -> Iterator[Finding]:
    """Who is said to be the fastest has the shortest time."""
    times: dict[str, Figure] = {}
    for one in of(row, Quantity.TIME):
        times.setdefault(one.who, one)
    said = next((who for who in times if who and who in boast.winner), None)
    if said is None or len(times) < 2:
        return
    best = min(times.values(), key=lambda one: one.value)
    if times[said].value <= best.value * (1 + best.slack + times[said].slack):
        yield Finding(Kind.CLAIM, Weight.HELD, "who is called the fastest is")
        return
    text = f"{boast.words}; {said} takes {fig.value(times[said])}, {best.who} {fig.value(best)}"
    title = "called the fastest, and slower by its own times"
    yield Finding(Kind.CLAIM, Weight.CONTRADICTION, title, row.where, text)


def _targets(row: Row) -> Iterator[tuple[Figure, Figure, bool]]:
    """Each target with what was reached, and whether that meets it."""
    for target in of(row, Quantity.TIME, Role.TARGET):
        for time in (times_for(row, target) or _ours(row, target))[:1]:
            yield target, time, time.value * (1 - time.slack) <= target.value
    for quantity in (Quantity.FLOP_RATE, Quantity.BYTE_RATE, Quantity.SPEEDUP, Quantity.SHARE):
        for target in of(row, quantity, Role.TARGET):
            for reached in of(row, quantity)[:1]:
                yield target, reached, reached.value * (1 + reached.slack) >= target.value


def _ours(row: Row, target: Figure) -> tuple[Figure, ...]:
    """Of times of several, those of the one that is no baseline."""
    owners = {one.who for one in of(row, Quantity.TIME) if not is_baseline(one.who)}
    return times_for(row, replace(target, who=owners.pop())) if len(owners) == 1 else ()


def _target(row: Row, boast: Boast, target: Figure, reached: Figure, met: bool) -> Finding:
    if met:
        return Finding(Kind.CLAIM, Weight.HELD, "targets said to be met are met")
    text = (
        f"{boast.words}; {target.key} is {fig.value(target)}, {reached.key} is {fig.value(reached)}"
    )
    title = "a target said to be met that is missed by its own figures"
    return Finding(Kind.CLAIM, Weight.CONTRADICTION, title, row.where, text)
