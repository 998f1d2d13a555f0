"""What a provider's process says of its own times, held against who saw it from outside.

A turn begins with one call on inputs that the process never saw, which is the first of its
warm-ups; the others and the calls that are timed follow. `outside_us` is all of it, by the clock of
the process that waited. What the turn claims is its first call and (warm-ups - 1 + calls) · time;
what is left of `outside_us` is the rest: words there and back, outputs copied out, and warm-ups
that were added at random. That a rest is never less than zero and about the same for everybody on a
case is what is used here, and nothing else: the baseline, and its control where there is one, are
the yardstick.

Noise only adds to a rest, so the least one of many turns is what counts. Allowed are 10 % of the
claim (warm-ups are slower than what follows them), the warm-ups that may have been added, twice the
yardstick's least rest, and 300 µs.
A first call may be three times as long as the others, more if the yardstick's is (launches, caches
that are cold), and 100 µs longer. Who hides a tenth of its time stays unseen; who hides most of it
does not. By what is left of each clock alone, two must still agree on who is faster.
"""

from __future__ import annotations

import statistics
from collections.abc import Iterator
from dataclasses import dataclass

from orchestrator.performance.objection import Objection, Severity, about, timed
from remote_payload.contract.plans import MORE_WARMUPS
from remote_payload.contract.records import BenchRecord
from remote_payload.contract.result import Result
from remote_payload.contract.words import Method

SHARE_OF_CLAIM, TIMES_THE_REST, SLACK_US = 0.10, 2.0, 300.0
SLOWER_FRESH, FRESH_SLACK_US = 3.0, 100.0
# So many turns make it likely that one of them was disturbed by nobody. Of fewer, on a machine that
# is busy with others, all may have been: an honest provider was seen to be four times slower on
# unseen inputs in each of three. Only what is far beyond that counts then.
FEWEST_TURNS, MANY_TURNS = 3, 8
SHARE_OF_FEW, SLOWER_OF_FEW = 1.0, 20.0
# By this much somebody has to be called faster before the clock outside is asked as well.
CLAIMED_FASTER = 1.10


@dataclass(frozen=True)
class _Turn:
    """claim_us: what the process says that all calls of the turn took; rest_us: what is left."""

    claim_us: float
    fresh_us: float
    outside_us: float

    @property
    def rest_us(self) -> float:
        return self.outside_us - self.claim_us


def told_otherwise(result: Result) -> Iterator[Objection]:
    """Turns that took longer, seen from outside, than the process says."""
    for record, bases in _witnessed(result):
        turns = _turns(record)
        rest = min(turns, key=lambda turn: turn.rest_us)
        yardsticks = [min(turn.rest_us for turn in _turns(base)) for base in bases]
        claimed = statistics.median(record.samples_us)
        share = SHARE_OF_CLAIM if _many(record) else SHARE_OF_FEW
        allowed = share * rest.claim_us + TIMES_THE_REST * max(0.0, *yardsticks) + SLACK_US
        if rest.rest_us > allowed + _added(record) * claimed:
            calls = _calls(record) + _added(record)
            least = (rest.outside_us - rest.fresh_us - max(0.0, *yardsticks)) / calls
            text = (
                f"the clock of its process claims {claimed:.4g} µs a call, from outside at least "
                f"{least:.4g} µs passed for each"
            )
            yield Objection(Severity.ERROR, about(record), text)


def remembered(result: Result) -> Iterator[Objection]:
    """Providers that take their time only over inputs that they have not seen."""
    for record, bases in _witnessed(result):
        fresh, time = min(_warm_first_calls(record)), statistics.median(record.samples_us)
        theirs = [(min(_warm_first_calls(one)), statistics.median(one.samples_us)) for one in bases]
        ratio = max(1.0, *(first / usual for first, usual in theirs))
        beyond = max(0.0, *(first - usual for first, usual in theirs))
        most = SLOWER_FRESH if _many(record) else SLOWER_OF_FEW
        if fresh > most * ratio * time and fresh - time > FRESH_SLACK_US + 2 * beyond:
            text = (
                f"{fresh / time:.3g} × slower on inputs it has not seen ({fresh:.4g} µs, then "
                f"{time:.4g}): it answers from memory"
            )
            yield Objection(Severity.ERROR, about(record), text)


def clocks_disagree(result: Result) -> Iterator[Objection]:
    """Who is faster by its own clock and slower by that of the one who waited."""
    for record, bases in _witnessed(result):
        base = next((base for base in bases if not base.control), None)
        if base is None or record.control or _shape(base) != _shape(record):
            continue
        saved = statistics.median(base.samples_us) - statistics.median(record.samples_us)
        claimed = statistics.median(base.samples_us) / statistics.median(record.samples_us)
        mine, theirs = (_without_first(one) for one in (record, base))
        quickest = [min(_turn_us(one)) for one in (record, base)]  # noise only adds
        later = mine > theirs and quickest[0] > quickest[1]
        if claimed > CLAIMED_FASTER and later and saved * _calls(record) > 0.1 * theirs:
            text = (
                f"{claimed:.3g} × as fast as {base.provider} by the clock of its process; from "
                f"outside its turns take {mine / theirs:.3g} × as long"
            )
            yield Objection(Severity.DOUBT, about(record), text)


def _witnessed(result: Result) -> Iterator[tuple[BenchRecord, tuple[BenchRecord, ...]]]:
    """Each record with its yardsticks: the baseline and its control on the same case, but for
    itself; nobody without any."""
    seen = [record for record in timed(result) if _seen_from_outside(record)]
    bases = [record for record in seen if record.provider == result.operator.baseline]
    for record in seen:
        mine = (record.provider, record.control)
        others = (base for base in bases if (base.provider, base.control) != mine)
        if same_case := tuple(base for base in others if base.case == record.case):
            yield record, same_case


def _seen_from_outside(record: BenchRecord) -> bool:
    """Whether it has enough turns that were, by the one method that the sum of a turn accounts for:
    a cold call is flushed for, and the first call of a graph is no replay."""
    turns = len(record.outside_us)
    whole = turns >= FEWEST_TURNS and len(record.fresh_us) == turns
    return whole and record.method is Method.BACK_TO_BACK and not len(record.samples_us) % turns


def _many(record: BenchRecord) -> bool:
    """Whether its turns are so many that the least of them is its own."""
    return len(record.outside_us) >= MANY_TURNS


def _turns(record: BenchRecord) -> list[_Turn]:
    count = len(record.outside_us)
    each = len(record.samples_us) // count
    turns = []
    for number in range(count):
        mine = record.samples_us[number * each : (number + 1) * each]
        fresh = record.fresh_us[number]
        claim = fresh + _calls(record) * sum(mine) / each
        turns.append(_Turn(claim, fresh, record.outside_us[number]))
    return turns


def _calls(record: BenchRecord) -> int:
    """Calls of one turn, but for the first, which is the first of the warm-ups too."""
    samples = _shape(record)[0]
    return max(0, samples * record.warmup - 1) + samples * record.calls


def _added(record: BenchRecord) -> int:
    """Warm-ups that a turn may have had beyond those that were planned."""
    return _shape(record)[0] * (record.warmup // MORE_WARMUPS)


def _shape(record: BenchRecord) -> tuple[int, int, int]:
    return len(record.samples_us) // len(record.outside_us), record.warmup, record.calls


def _without_first(record: BenchRecord) -> float:
    return statistics.median(_turn_us(record))


def _turn_us(record: BenchRecord) -> list[float]:
    """Of all its turns as seen from outside, without their first calls."""
    return [turn.outside_us - turn.fresh_us for turn in _turns(record)]


def _warm_first_calls(record: BenchRecord) -> tuple[float, ...]:
    """First calls on new inputs; where a process had several, without its very first, which may
    still load and compile."""
    starts, turns = len(record.starts) or 1, len(record.fresh_us)
    if turns % starts or turns == starts:
        return record.fresh_us
    each = turns // starts
    return tuple(us for number, us in enumerate(record.fresh_us) if number % each)
