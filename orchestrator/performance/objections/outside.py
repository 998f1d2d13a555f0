"""The turns of a record as the process that waited for them saw them."""

from __future__ import annotations

import statistics
from collections.abc import Iterator
from dataclasses import dataclass

from orchestrator.performance.objection import timed
from orchestrator.performance.watching import OTHERS_CPUS
from remote_payload.contract.plans import MORE_WARMUPS
from remote_payload.contract.records import BenchRecord
from remote_payload.contract.result import Result
from remote_payload.contract.words import Method

FEWEST_TURNS, MANY_TURNS = 3, 8
UNDISTURBED = 0.1  # of a turn: so much may have been waited through


@dataclass(frozen=True)
class Turn:
    """claim_us: what the process says that all calls of the turn took, by its means where samples
    are medians. waited_us: for a CPU that others had. rest_us: what is left beside both."""

    claim_us: float
    fresh_us: float
    outside_us: float
    waited_us: float

    @property
    def rest_us(self) -> float:
        return self.outside_us - self.claim_us - self.waited_us

    @property
    def undisturbed(self) -> bool:
        return self.waited_us <= UNDISTURBED * self.outside_us


@dataclass(frozen=True)
class Seen:
    """A record and its turns."""

    record: BenchRecord
    turns: tuple[Turn, ...]

    @property
    def usual_us(self) -> float:
        """What its process says of a call."""
        return statistics.median(self.record.samples_us)

    @property
    def least_rest_us(self) -> float:
        return max(0.0, min(turn.rest_us for turn in self.turns))

    @property
    def many(self) -> bool:
        """Whether so many turns were undisturbed that the least of them is its own."""
        return sum(turn.undisturbed for turn in self.turns) >= MANY_TURNS

    @property
    def without_first_us(self) -> list[float]:
        """Of all its turns as seen from outside, without their first calls."""
        return [turn.outside_us - turn.fresh_us for turn in self.turns]

    @property
    def least_first_us(self) -> float:
        """Of first calls on new inputs; where a process had several, without its very first, which
        may still load and compile."""
        fresh_us = self.record.fresh_us
        starts, turns = len(self.record.starts) or 1, len(fresh_us)
        if turns % starts or turns == starts:
            return min(fresh_us)
        each = turns // starts
        return min(us for number, us in enumerate(fresh_us) if number % each)

    @property
    def calls(self) -> int:
        """Of one turn, but for the first, which is the first of the warm-ups too."""
        samples, warmup, calls = self.shape
        return max(0, samples * warmup - 1) + samples * calls

    @property
    def added(self) -> int:
        """Warm-ups that a turn may have had beyond those that were planned."""
        return self.shape[0] * (self.record.warmup // MORE_WARMUPS)

    @property
    def shape(self) -> tuple[int, int, int]:
        """Samples of a turn, warm-ups and calls of a sample."""
        record = self.record
        return len(record.samples_us) // len(record.outside_us), record.warmup, record.calls


def witnessed(result: Result) -> Iterator[tuple[Seen, tuple[Seen, ...]]]:
    """Each record with its yardsticks: the baseline and its control on the same case, but for
    itself; nobody without any."""
    seen = [_seen(one, result) for one in timed(result) if _is_whole(one)]
    bases = [one for one in seen if one.record.provider == result.operator.baseline]
    for one in seen:
        same_case = [base for base in bases if base.record.case == one.record.case]
        if others := tuple(base for base in same_case if base is not one):
            yield one, others


def _is_whole(record: BenchRecord) -> bool:
    """Whether it has enough turns that were seen, by the one method that the sum of a turn accounts
    for: a cold call is flushed for, and the first call of a graph is no replay."""
    turns = len(record.outside_us)
    whole = turns >= FEWEST_TURNS and len(record.fresh_us) == turns
    return whole and record.method is Method.BACK_TO_BACK and not len(record.samples_us) % turns


def _seen(record: BenchRecord, result: Result) -> Seen:
    count = len(record.outside_us)
    each = len(record.samples_us) // count
    waited_us = record.waited_us
    if len(waited_us) != count or not _busy_with_others(record, result):
        waited_us = (0.0,) * count
    calls, turns = Seen(record, ()).calls, []
    for number, (fresh, outside) in enumerate(zip(record.fresh_us, record.outside_us, strict=True)):
        mine = (record.mean_us or record.samples_us)[number * each : (number + 1) * each]
        claim = fresh + calls * sum(mine) / each
        turns.append(Turn(claim, fresh, outside, waited_us[number]))
    return Seen(record, tuple(turns))


def _busy_with_others(record: BenchRecord, result: Result) -> bool:
    """Whether anybody else can be why it waited; so it is where nobody looked."""
    loads = [
        one.others_load
        for one in result.watched
        if (one.case, one.method) == (record.case, record.method) and one.others_load
    ]
    return not loads or any(load.high > OTHERS_CPUS for load in loads)
