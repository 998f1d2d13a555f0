"""Figures of one row, or of one case, against each other: no shape is needed to see that a speed-up
is none of its own times, or that two rates and two times do not go together."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from orchestrator.audit.rules import figures as fig
from orchestrator.audit.rules.beside import Beside, Pair, expected, is_part
from orchestrator.audit.rules.figures import COARSE, agree, held, of, times_for
from orchestrator.audit.values import Figure, Finding, Kind, Quantity, Role, Row, Weight

_TWO_WAYS = 2
# Speed-ups are told to two decimals, whatever was printed behind them.
_TWO_DECIMALS = 0.006
_ONCE = (Quantity.TIME, Quantity.FLOP_RATE, Quantity.BYTE_RATE)
_HELD = "speed-up follows from the times"


def ratios(row: Row, beside: Beside) -> Iterator[Finding]:
    """Speed-ups, rates beside each other, intensity. beside: the rows of the same case."""
    for figure in (*of(row, Quantity.SPEEDUP), *of(row, Quantity.SLOWDOWN)):
        yield from _speedup(row, figure, beside)
    yield from _twice_told(row)
    yield from _side_by_side(row)
    yield from _intensity(row)


def _speedup(row: Row, figure: Figure, beside: Beside) -> Iterator[Finding]:
    claimed = figure.value if figure.quantity is Quantity.SPEEDUP else 1 / figure.value
    figure = replace(figure, slack=max(figure.slack, min(0.05, _TWO_DECIMALS / figure.value)))
    pairs = [pair for pair in expected(row, figure, beside) if figure.slack <= COARSE]
    times = [pair for pair in pairs if pair.quantity is Quantity.TIME]
    if times:
        yield _of_times(row, figure, claimed, times)
    rates = [pair for pair in pairs if pair.quantity is Quantity.FLOP_RATE]
    fits = [pair for pair in rates if agree(claimed, pair.ratio, figure.slack + pair.slack)]
    if rates and fits:
        title = "speed-up follows from the FLOP rates"
        yield held(Kind.CONTRADICTS, title, figure.slack + fits[0].slack)
    elif rates:
        pair = rates[0]
        text = (
            f"{figure.key} is {fig.times(figure.value)}; {pair.words} are "
            f"{fig.times(pair.ratio)}: {fig.times(_above_one(claimed / pair.ratio))} apart"
        )
        title = "a speed-up that is not the ratio of the FLOP rates beside it"
        yield Finding(Kind.CONTRADICTS, Weight.CONTRADICTION, title, row.where, text)


def _of_times(row: Row, figure: Figure, claimed: float, pairs: Sequence[Pair]) -> Finding:
    fits = [one for one in pairs if agree(claimed, one.ratio, figure.slack + one.slack)]
    if fits:
        return held(Kind.CONTRADICTS, _HELD, figure.slack + fits[0].slack)
    pair = pairs[0]
    off = f"{figure.key} is {fig.times(figure.value)}; {pair.words} are {fig.times(pair.ratio)}"
    inverse = agree(claimed, 1 / pair.ratio, figure.slack + pair.slack)
    if inverse and not pair.sure:
        return held(Kind.CONTRADICTS, _HELD, figure.slack + pair.slack)
    if claimed > 1 > pair.ratio:
        how = "the speed-up upside down: " if inverse else ""
        title = f"{how}claimed faster, and slower by its own times"
        return Finding(Kind.CLAIM, Weight.CONTRADICTION, title, row.where, off)
    title = (
        "the speed-up upside down" if inverse else "a speed-up that is not that of its own times"
    )
    text = f"{off}: {fig.times(_above_one(claimed / pair.ratio))} apart"
    # Of many pairs, the one that was meant may be none of these.
    weight = Weight.CONTRADICTION if pair.sure or len(pairs) <= _TWO_WAYS else Weight.DOUBT
    return Finding(Kind.CONTRADICTS, weight, title, row.where, text)


def _above_one(ratio: float) -> float:
    return ratio if ratio >= 1 else 1 / ratio


def _twice_told(row: Row) -> Iterator[Finding]:
    """The same in two units, or under two names."""
    first: dict[tuple[Quantity, str, str], Figure] = {}
    for figure in row.figures:
        named = figure.quantity is not Quantity.TIME or figure.statistic
        if figure.quantity not in _ONCE or not named or not fig.sound(figure) or figure.counted:
            continue
        if figure.role is not Role.MEASURED or not figure.scaled or figure.slack > COARSE:
            continue
        other = first.setdefault((figure.quantity, figure.who, figure.statistic), figure)
        if other is figure:
            continue
        slack = figure.slack + other.slack
        if agree(figure.value, other.value, slack):
            yield held(Kind.CONTRADICTS, "what is told twice is the same", slack)
            continue
        text = (
            f"{other.key} is {fig.value(other)}, {figure.key} is {fig.value(figure)}: "
            f"{fig.times(_above_one(figure.value / other.value))} apart"
        )
        title = f"a {figure.quantity.value} told twice, and differently"
        yield Finding(Kind.CONTRADICTS, Weight.DOUBT, title, row.where, text)


def _side_by_side(row: Row) -> Iterator[Finding]:
    """Providers of one row do the same work: time · rate is the same for all."""
    products: dict[str, tuple[Figure, Figure]] = {}
    for rate in of(row, Quantity.FLOP_RATE):
        times = times_for(row, rate)
        if (
            rate.who
            and not is_part(rate.who)
            and times
            and times[0].who == rate.who
            and rate.slack <= COARSE
        ):
            products.setdefault(rate.who, (rate, times[0]))
    yield from _same_work(row, list(products.values()))


def _same_work(row: Row, pairs: Sequence[tuple[Figure, Figure]]) -> Iterator[Finding]:
    for rate, time in pairs[1:]:
        first_rate, first_time = pairs[0]
        slack = rate.slack + time.slack + first_rate.slack + first_time.slack
        by_rates, by_times = first_rate.value / rate.value, time.value / first_time.value
        if agree(by_rates, by_times, slack):
            yield held(Kind.CONTRADICTS, "rates of two providers go with their times", slack)
            continue
        text = (
            f"by time {first_rate.who} is {fig.times(by_times)} as fast as {rate.who} "
            f"({fig.time(first_time.value)}, {fig.time(time.value)}), by FLOP rate "
            f"{fig.times(by_rates)} ({fig.flops(first_rate.value)}, {fig.flops(rate.value)}): "
            f"{fig.times(_above_one(by_rates / by_times))} apart"
        )
        title = "rates of two providers that do not go with their times on the same work"
        yield Finding(Kind.CONTRADICTS, Weight.CONTRADICTION, title, row.where, text)


def beneath(rows: Sequence[Row]) -> Iterator[Finding]:
    """The same of rows of one case below each other, where no shape tells the work."""
    by_provider: dict[str, tuple[Figure, Figure]] = {}
    for row in rows:
        rates = of(row, Quantity.FLOP_RATE)
        times = times_for(row, rates[0]) if rates else ()
        if row.provider and times and row.known.flop is None and rates[0].slack <= COARSE:
            by_provider.setdefault(row.provider, (_named(rates[0], row), _named(times[0], row)))
    if by_provider:
        yield from _same_work(rows[0], list(by_provider.values()))


def _named(figure: Figure, row: Row) -> Figure:
    return Figure(figure.key, figure.quantity, figure.value, row.provider, slack=figure.slack)


def _intensity(row: Row) -> Iterator[Finding]:
    """FLOP per byte are those of the case, or of the two rates beside it."""
    flop, traffic = row.known.flop, row.known.traffic_bytes
    for figure in of(row, Quantity.INTENSITY):
        told = (
            {f"{fig.flop(flop)} / {fig.size(traffic)}": flop / traffic} if flop and traffic else {}
        )
        told |= _of_rates(row, figure)
        if any(agree(figure.value, one, figure.slack + 0.01) for one in told.values()):
            title = "FLOP per byte follow from work or rates"
            yield held(Kind.CONTRADICTS, title, figure.slack)
        elif told:
            words, one = next(iter(told.items()))
            text = f"{figure.key} is {figure.value:.4g}; {words} are {one:.4g}"
            title = "FLOP per byte that follow from nothing beside them"
            yield Finding(Kind.CONTRADICTS, Weight.DOUBT, title, row.where, text)


def _of_rates(row: Row, figure: Figure) -> Mapping[str, float]:
    flops = [one for one in of(row, Quantity.FLOP_RATE) if one.who == figure.who]
    moved = [one for one in of(row, Quantity.BYTE_RATE) if one.who == figure.who]
    if not flops or not moved:
        return {}
    words = f"{fig.flops(flops[0].value)} / {fig.bandwidth(moved[0].value)}"
    return {words: flops[0].value / moved[0].value}
