"""Whether the samples of a record are those that its race has to have given: all, once, its own."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Sequence

from orchestrator.performance.objection import Objection, Severity, about, timed
from remote_payload.contract.records import BenchRecord
from remote_payload.contract.result import Result

# Two series that are equal to the last bit came from one: with so many bits in them, that happens
# by chance among all pairs of starts of a large report (2^27) in one of 260,000 reports.
_BITS = 45.0
_FEWEST_COPIED = 3


def miscounted(result: Result) -> Iterator[Objection]:
    """Counts of a record that contradict each other."""
    for record in timed(result):
        for text in _contradictions(record):
            yield Objection(Severity.ERROR, about(record), text)


def _contradictions(record: BenchRecord) -> Iterator[str]:
    count, turns = len(record.samples_us), len(record.outside_us)
    if record.starts and (sum(record.starts) != count or min(record.starts) < 1):
        yield f"its starts gave {sum(record.starts)} samples, and {count} are there"
    if turns and (count % turns or turns > count):
        yield f"{count} samples cannot come from {turns} turns of equally many"
    if len(record.fresh_us) not in (0, turns):
        yield f"{len(record.fresh_us)} first calls for {turns} turns"
    if len(record.waited_us) not in (0, turns):
        yield f"{len(record.waited_us)} times of waiting for {turns} turns"
    if len(record.mean_us) not in (0, count):
        yield f"{len(record.mean_us)} means of {count} samples"
    if any(not 0 <= number < count for number in record.held_back):
        yield f"it names samples as held back that are none of its {count}"


def fewer_than_others(result: Result) -> Iterator[Objection]:
    """In a race everybody is timed equally often: who has less has lost some, perhaps the worst."""
    most: dict[object, int] = {}
    for record in timed(result):
        race = (record.case, record.method)
        most[race] = max(most.get(race, 0), len(record.samples_us))
    for record in timed(result):
        count, others = len(record.samples_us), most[record.case, record.method]
        if count < others:
            text = f"{count} samples where others of its race gave {others}: which are left out?"
            yield Objection(Severity.DOUBT, about(record), text)


def copied(result: Result) -> Iterator[Objection]:
    """Samples of a record, or of a start of it, that are another's of its race to the last bit."""
    seen: dict[object, tuple[str, BenchRecord]] = {}
    for record in timed(result):
        for name, block in _blocks(record):
            first, other = seen.setdefault((record.case, record.method, block), (name, record))
            both = (record,) if other is record else (record, other)
            if first != name and _bits_of(block, both) >= _BITS:
                text = f"{len(block)} samples of {name} are those of {first}, to the last bit"
                yield Objection(Severity.ERROR, about(record), text)
                break  # a record that is copied whole is not told of start by start


def _blocks(record: BenchRecord) -> Iterator[tuple[str, tuple[float, ...]]]:
    """All of a record's samples, then those of each of its starts, each with its name."""
    yield about(record), record.samples_us
    place = 0
    for number, count in enumerate(record.starts, 1):
        block = record.samples_us[place : place + count]
        if _FEWEST_COPIED <= len(block) < len(record.samples_us):
            yield f"start {number} of {about(record)}", block
        place += count


def _bits_of(block: Sequence[float], records: Sequence[BenchRecord]) -> float:
    """How much chance there is in a block: by how often its own values meet, or all the others'."""
    mine = set(block)
    rest = [us for record in records for us in record.samples_us if us not in mine]
    return len(block) * max(_bits_each(block), _bits_each(rest))


def _bits_each(samples: Sequence[float]) -> float:
    """Of one sample: of n, so many pairs are equal as there are among n that have n²/2 as many
    values to choose from; where none is, as if half a pair were."""
    pairs = sum(count * (count - 1) / 2 for count in Counter(samples).values())
    return math.log2(len(samples) ** 2 / (2 * max(pairs, 0.5))) if len(samples) > 1 else 0.0
