"""Starts of one race that was run again and again, as if they were of one."""

from __future__ import annotations

from dataclasses import dataclass, replace

from remote_payload.contract.records import BenchRecord
from remote_payload.contract.words import Status

Key = tuple[object, ...]


@dataclass(frozen=True)
class Pooled:
    """turns: in how many turns the starts of `records` were taken; each was a look at them."""

    records: tuple[BenchRecord, ...]
    turns: int

    @property
    def looks(self) -> int:
        """By how much the error of one look is divided at this one, so that all looks there may
        ever be have the error of one together: 1/2 + 1/6 + 1/12 + ... = 1."""
        return self.turns * (self.turns + 1)


class Pool:
    """Of the race that went on last; another race begins it anew."""

    def __init__(self) -> None:
        self._race: object = None
        self._pooled = Pooled((), 0)

    def add(self, race: object, records: tuple[BenchRecord, ...]) -> Pooled:
        """What all turns of this race gave so far. race: equal for the same sources of the same
        racers, asked for the same."""
        before = self._pooled if race == self._race else Pooled((), 0)
        known = {_key(one): one for one in before.records if _is_whole(one)}
        joined = records
        # Starts of two racers are compared by their numbers, so all of them join, or none.
        if known.keys() == {_key(one) for one in records if _is_whole(one)}:
            joined = tuple(_joined(known.get(_key(one)), one) for one in records)
        self._race, self._pooled = race, Pooled(joined, before.turns + 1)
        return self._pooled


def _is_whole(record: BenchRecord) -> bool:
    return record.status is Status.OK and sum(record.starts) == len(record.samples_us)


def _key(record: BenchRecord) -> Key:
    return record.provider, record.case, record.method, record.control


def _joined(before: BenchRecord | None, now: BenchRecord) -> BenchRecord:
    """One record of the samples of both."""
    if before is None:
        return now
    shift = len(before.samples_us)
    return replace(
        now,
        samples_us=before.samples_us + now.samples_us,
        host_us=before.host_us + now.host_us,
        mean_us=before.mean_us + now.mean_us,
        starts=before.starts + now.starts,
        outside_us=before.outside_us + now.outside_us,
        fresh_us=before.fresh_us + now.fresh_us,
        waited_us=before.waited_us + now.waited_us,
        held_back=(*before.held_back, *(number + shift for number in now.held_back)),
    )
