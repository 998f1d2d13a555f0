"""Whether more starts could still change what is said of a case; the verdicts are made at home."""

from __future__ import annotations

import math
import statistics
from typing import Callable, List, Optional, Sequence

from remote_payload.contract.plans import BenchPlan
from remote_payload.contract.records import BenchRecord
from remote_payload.contract.tools.middles import is_coarse, middles
from remote_payload.contract.words import Status

_FEWEST = 2  # starts of which a spread can be told


BaselineOf = Callable[[str], str]  # a provider's name, and that of whom it is compared with


def decided(
    records: Sequence[BenchRecord], plan: BenchPlan, baseline_of: BaselineOf, rows: int
) -> bool:
    """Whether every provider of one case is known to differ from its baseline, or not to.

    rows: of the whole run that are judged together. By `BenchPlan.critical`, as the verdict is.
    """
    for record in records:
        baseline = baseline_of(record.provider)
        if record.control or record.provider == baseline or record.status is not Status.OK:
            continue
        base = _baseline_of(record, records, baseline)
        if base is not None and not _known(base, record, plan, rows):
            return False
    return True


def _baseline_of(
    record: BenchRecord, records: Sequence[BenchRecord], baseline: str
) -> Optional[BenchRecord]:
    for one in records:
        if one.provider == baseline and one.method is record.method and not one.control:
            return one if one.status is Status.OK else None
    return None


def _known(base: BenchRecord, record: BenchRecord, plan: BenchPlan, rows: int) -> bool:
    ratios = [math.log(b / r) for b, r in zip(_by_start(base), _by_start(record))]
    critical = _critical(plan, len(ratios), rows)
    if len(ratios) < _FEWEST or not critical:
        return False
    coarse = is_coarse(base.samples_us) or is_coarse(record.samples_us)
    known = zip(critical, middles(ratios, coarse))
    half, middle = min((value * one.error, one.at) for value, one in known)
    return half <= math.log1p(plan.precision) or abs(middle) > half


def _by_start(record: BenchRecord) -> List[float]:
    """The median of each start."""
    medians, first = [], 0
    for count in record.starts:
        medians.append(statistics.median(record.samples_us[first : first + count]))
        first += count
    return medians


def _critical(plan: BenchPlan, starts: int, rows: int) -> List[float]:
    """Of each of the middles after so many starts; none between looks, and where the plan tells
    none."""
    if starts not in plan.starts or len(plan.critical) != len(plan.starts):
        return []
    place = max(0, math.ceil(math.log2(max(1, rows))))
    of_look = plan.critical[plan.starts.index(starts)]
    return [values[place] for values in of_look if place < len(values)]
