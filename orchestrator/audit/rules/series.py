"""Raw samples and spreads: how much they vary, whether they are of one level, and whether what is
told of them follows from them."""

from __future__ import annotations

import statistics
from collections.abc import Iterator, Sequence

from orchestrator.audit.rules import figures as fig
from orchestrator.audit.rules.figures import agree, of, sane
from orchestrator.audit.values import (
    BEST,
    MEAN,
    WORST,
    Figure,
    Finding,
    Kind,
    Quantity,
    Row,
    Series,
    Weight,
)
from orchestrator.performance.objections.samples import UNSTABLE_CV
from orchestrator.performance.steps import P_STEP, pettitt

# Pettitt (1979): the test is approximate below some twenty samples.
_ENOUGH = 20
_STEP = 0.02
# The first of many that is slower than all others by this much was no part of what was measured.
_WARM_UP = 1.2
_TOO_FAST = 0.1


def series(row: Row) -> Iterator[Finding]:
    """What each series, and each spread, says of how steady it was."""
    yield from _told_spread(row)
    for one in row.series:
        samples = [s for s in one.samples_us if sane(s)]
        if len(samples) < 2 or len(samples) != len(one.samples_us):
            continue
        yield from _against_summary(row, one, samples)
        yield from _steadiness(row, one, samples)


def _told_spread(row: Row) -> Iterator[Finding]:
    """Spreads in the file; where raw samples are there, those are asked."""
    if row.series:
        return
    for figure in of(row, Quantity.SPREAD):
        mean = next(
            (t for t in of(row, Quantity.TIME) if (t.who, t.statistic) == (figure.who, MEAN)), None
        )
        mean = mean or next((t for t in of(row, Quantity.TIME) if t.who == figure.who), None)
        if mean is not None:
            words = f"{fig.time(figure.value)} ({figure.key}) / {fig.time(mean.value)} ({mean.key})"
            yield from _unsteady(row, figure.value / mean.value, words)
    for figure in of(row, Quantity.RELATIVE_SPREAD):
        yield from _unsteady(row, figure.value, figure.key)


def _unsteady(row: Row, cv: float, words: str) -> Iterator[Finding]:
    if cv >= UNSTABLE_CV:
        title = f"a standard deviation of {100 * UNSTABLE_CV:.0f} % of the mean or more"
        text = f"{words}: {fig.percent(cv)}"
        yield Finding(Kind.SPREAD, Weight.DOUBT, title, row.where, text)


def _against_summary(row: Row, one: Series, samples: Sequence[float]) -> Iterator[Finding]:
    truth = {
        MEAN: statistics.fmean(samples),
        "p50": statistics.median(samples),
        BEST: min(samples),
        WORST: max(samples),
    }
    told: list[tuple[Figure, float]] = [
        (time, truth[time.statistic])
        for time in of(row, Quantity.TIME)
        if time.who == one.who and time.statistic in truth
    ]
    for time in of(row, Quantity.TIME):
        if time.who == one.who and not time.statistic:
            near = min(truth.values(), key=lambda true: abs(true - time.value))
            told.append((time, near))
    for spread in of(row, Quantity.SPREAD):
        if spread.who == one.who:
            told.append((spread, statistics.stdev(samples)))
    for figure, true in told:
        # A spread may be divided by n or by n - 1.
        slack = figure.slack + (1 / len(samples) if figure.quantity is Quantity.SPREAD else 0.0)
        if true > 0 and agree(figure.value, true, slack):
            yield Finding(Kind.CONTRADICTS, Weight.HELD, "statistics follow from the raw samples")
            continue
        text = (
            f"{figure.key} is {fig.value(figure)}; the {len(samples)} samples give {fig.time(true)}"
        )
        title = "a statistic that its own raw samples do not give"
        yield Finding(Kind.CONTRADICTS, Weight.CONTRADICTION, title, row.where, text)


def _steadiness(row: Row, one: Series, samples: Sequence[float]) -> Iterator[Finding]:
    middle = statistics.median(samples)
    fast = [sample for sample in samples if sample < _TOO_FAST * middle]
    if fast:
        text = (
            f"{len(fast)} of {len(samples)}, down to {fig.time(min(fast))}; their median is "
            f"{fig.time(middle)}"
        )
        title = "samples of less than a tenth of their median: some calls did nothing"
        yield Finding(Kind.SERIES, Weight.DOUBT, title, row.where, text)
    rest = samples[1:]
    if len(rest) > 3 and samples[0] > max(rest) and samples[0] > _WARM_UP * statistics.median(rest):
        text = (
            f"{one.key}: the first is {fig.time(samples[0])}, the others {fig.time(min(rest))} to "
            f"{fig.time(max(rest))}"
        )
        title = "a first sample that is a warm-up"
        yield Finding(Kind.SERIES, Weight.DOUBT, title, row.where, text)
        samples = rest
    yield from _step(row, one, samples)
    cv = statistics.stdev(samples) / statistics.fmean(samples)
    yield from _unsteady(row, cv, f"{len(samples)} samples of {one.key}")


def _step(row: Row, one: Series, samples: Sequence[float]) -> Iterator[Finding]:
    if len(samples) < _ENOUGH:
        return
    at, p = pettitt(samples)
    before, after = statistics.median(samples[:at]), statistics.median(samples[at:])
    if p < P_STEP and max(before, after) > min(before, after) * (1 + _STEP):
        text = (
            f"{one.key}: {fig.time(before)} for {at} samples, then {fig.time(after)} for "
            f"{len(samples) - at} (Pettitt p = {p:.1g}); no single figure tells both"
        )
        yield Finding(Kind.SERIES, Weight.DOUBT, "samples on two levels", row.where, text)
