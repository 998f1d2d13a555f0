"""Samples that are no times, or too wild to say much."""

from __future__ import annotations

import statistics
from collections.abc import Iterator, Sequence
from itertools import pairwise

from orchestrator.performance.objection import Objection, Severity, about, timed
from orchestrator.performance.stats import summarize, usable
from remote_payload.contract.records import BenchRecord
from remote_payload.contract.result import Result
from remote_payload.contract.words import Status

# pyperf warns of an unstable benchmark from a standard deviation of 10 % on (pyperf/_cli.py).
UNSTABLE_CV = 0.10
# An empty call of Python and the loop around it take longer on any CPU (0.03 µs on one of 5 GHz).
SHORTEST_CALL_US = 0.02
# The fast samples of one record are this many times as fast as the slow half of them: calls that
# did nothing. A busy machine makes some samples twice or ten times as slow, and not half of them.
_TWO_KINDS = 50.0
# So few samples move no median; more of them do.
FEW = 0.1
# What is told of calls that take longer now and then: their mean, and by how much more than the
# baseline's it is above their median. Whoever shares a CPU sees this in everybody's.
UNEVEN, MORE_UNEVEN = 1.10, 1.10
# A step of the timer that is more than this of a time hides what is to be told apart.
COARSE = 0.005
_FEWEST_SORTED = 10


def bad_samples(result: Result) -> Iterator[Objection]:
    """Records that claim success without a time."""
    for record in result.bench:
        if record.status is Status.OK and not usable(record.samples_us):
            yield Objection(
                Severity.ERROR, about(record), f"{_what_is_bad(record)}, though it claims success"
            )


def _what_is_bad(record: BenchRecord) -> str:
    if not record.samples_us:
        return "no samples"
    if min(record.samples_us) <= 0:
        return "samples that are not times above zero"
    return "samples that no call can take"


def impossible(result: Result) -> Iterator[Objection]:
    """Samples shorter than a call of Python, and records of which a part was no work at all."""
    for record in timed(result):
        if within := [one for one in record.samples_us if one < SHORTEST_CALL_US]:
            text = (
                f"{share_of(within, record)} are below {SHORTEST_CALL_US:g} µs, down to "
                f"{min(within):.4g}: no call returns that soon"
            )
            yield Objection(gravity_of(within, record), about(record), text)
        elif len(fast := _of_another_kind(record)) > 1:
            text = (
                f"{share_of(fast, record)} are {_TWO_KINDS:g} times as fast as the slower half, "
                f"down to {min(fast):.4g} µs: such calls may have computed nothing"
            )
            yield Objection(Severity.DOUBT, about(record), text)


def _of_another_kind(record: BenchRecord) -> list[float]:
    ordered = sorted(record.samples_us)
    slow = statistics.median(ordered[len(ordered) // 2 :])
    return [sample for sample in ordered if sample * _TWO_KINDS < slow]


def share_of(some: Sequence[float], record: BenchRecord) -> str:
    """How many of a record's samples these are, in words."""
    number = len(record.samples_us)
    return f"{len(some)} of {number} samples ({100 * len(some) / number:.0f} %)"


def gravity_of(impossible: Sequence[float], record: BenchRecord) -> Severity:
    """Of samples that cannot be: a few move no median."""
    few = len(impossible) <= FEW * len(record.samples_us)
    return Severity.DOUBT if few else Severity.ERROR


def unstable(result: Result) -> Iterator[Objection]:
    """One doubt for all wild timings: each one's own variation stands in its row."""
    varying = [(summarize(record.samples_us).cv, record) for record in timed(result)]
    wild = [(cv, record) for cv, record in varying if cv > UNSTABLE_CV]
    if wild:
        cv, record = max(wild, key=lambda pair: pair[0])
        text = (
            f"{len(wild)} of {len(varying)} timings vary by more than {100 * UNSTABLE_CV:.0f} % "
            f"(standard deviation / mean), most of all {about(record)} with {100 * cv:.0f} %"
        )
        yield Objection(Severity.DOUBT, "the whole run", text)


def in_order(result: Result) -> Iterator[Objection]:
    """Samples that were sorted, so that nobody knows any more in which order they were taken."""
    for record in timed(result):
        taken = record.samples_us
        rising = sorted(taken)
        if len(set(taken)) >= _FEWEST_SORTED and list(taken) in (rising, rising[::-1]):
            text = (
                f"its {len(taken)} samples lie in order of their size: they were sorted, or the "
                "machine drifted all along"
            )
            yield Objection(Severity.DOUBT, about(record), text)


def uneven(result: Result) -> Iterator[Objection]:
    """Providers some of whose calls take much longer, which samples that are medians leave out."""
    base: dict[object, float] = {}
    for record in timed(result):
        if record.provider == result.operator.baseline and _has_means(record):
            race = (record.case, record.method)
            base[race] = max(base.get(race, 1.0), _unevenness(record))
    for record in timed(result):
        usual = base.get((record.case, record.method))
        if usual is None or not _has_means(record) or record.provider == result.operator.baseline:
            continue
        share = _unevenness(record)
        if share > max(UNEVEN, MORE_UNEVEN * usual):
            text = (
                f"its calls take {share:.3g} × as long on average as in the median, those of "
                f"{result.operator.baseline} {usual:.3g} ×: now and then one does more"
            )
            yield Objection(Severity.DOUBT, about(record), text)


def _has_means(record: BenchRecord) -> bool:
    return len(record.mean_us) == len(record.samples_us)


def _unevenness(record: BenchRecord) -> float:
    """Of the middle sample, mean / median of its calls."""
    pairs = zip(record.mean_us, record.samples_us, strict=True)
    return statistics.median(mean / median for mean, median in pairs)


def on_a_grid(result: Result) -> Iterator[Objection]:
    """One note for all timings that are whole steps of a timer too coarse for them."""
    steps = [(step, record) for record in timed(result) if (step := _step_us(record)) is not None]
    coarse = [pair for pair in steps if pair[0] > COARSE * statistics.median(pair[1].samples_us)]
    if coarse:
        step, record = max(coarse, key=lambda pair: pair[0] / statistics.median(pair[1].samples_us))
        share = 100 * step / statistics.median(record.samples_us)
        text = (
            f"{len(coarse)} of {len(list(timed(result)))} timings lie on their timer's grid, most "
            f"of all {about(record)} in steps of {step:.4g} µs, {share:.1g} % of its time: no "
            "finer difference can be seen"
        )
        yield Objection(Severity.NOTE, "the whole run", text)


def _step_us(record: BenchRecord) -> float | None:
    """What all samples are whole multiples of, if so few values recur that it is no chance."""
    values = sorted(set(record.samples_us))
    if len(values) < 2 or 2 * len(values) > len(record.samples_us):
        return None
    step = min(after - before for before, after in pairwise(values))
    whole = (abs(value / step - round(value / step)) < 0.01 for value in values)
    return step if all(whole) else None
