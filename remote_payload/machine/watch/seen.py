"""Rows of what was seen, condensed to what is told of one race."""

from __future__ import annotations

from collections import Counter
from statistics import median
from typing import Callable, List, Optional, Sequence, Tuple, TypeVar

from remote_payload.contract.case import Case
from remote_payload.contract.tools.throttle import IDLE
from remote_payload.contract.watched import Span, Watched
from remote_payload.contract.words import Method
from remote_payload.machine.watch.rows import CompanyRow, CpuRow, GpuRow, Row

Turn = Tuple[float, float]  # when it began and ended, by the monotonic clock

# Clock ticks are of 10 ms and not of one grid for all processes: what is told of a load is the mean
# of about so long, and of a race that is shorter, of at least the second.
_LOAD_S, _LEAST_LOAD_S = 1.0, 0.4
# Of the values of a span, so many are left out at each end: a look in the moment in which a GPU
# wakes is no clock of the race.
_OUTERMOST = 0.05
Pair = Tuple[CpuRow, CpuRow]
R = TypeVar("R", GpuRow, CompanyRow)


def watched(
    case: Case, method: Method, turns: Sequence[Turn], rows: Sequence[Row], period_s: float
) -> Optional[Watched]:
    """What was seen in those turns; None if nothing was. rows: in any order."""
    joined = _joined(turns, 2 * period_s)
    gpu = _within([row for row in rows if isinstance(row, GpuRow)], joined, period_s)
    company = _within(_lasting([r for r in rows if isinstance(r, CompanyRow)]), joined, 1.0)
    pairs = _pairs([row for row in rows if isinstance(row, CpuRow)], joined)
    if not gpu and not pairs:
        return None
    busy = [row for row in gpu if IDLE not in (row.reasons or ())]
    told = [row.reasons for row in gpu if row.reasons is not None]
    names = Counter(name for reasons in told for name in reasons)
    limits = [row.power_limit_w for row in gpu if row.power_limit_w is not None]
    return Watched(
        case=case,
        method=method,
        seconds=sum(max(0.0, ended_s - began_s) for began_s, ended_s in turns),
        samples=len(gpu) or len(pairs),
        by=", ".join(filter(None, (gpu[0].by if gpu else "", "/proc" if pairs else ""))),
        sm_clock_mhz=_span([row.sm_clock_mhz for row in busy]),
        memory_clock_mhz=_span([row.memory_clock_mhz for row in busy]),
        power_w=_span([row.power_w for row in gpu]),
        power_limit_w=median(limits) if limits else None,
        temperature_c=_span([row.temperature_c for row in gpu]),
        margin_c=_span([row.margin_c for row in gpu]),
        throttle=tuple(sorted(names.items())) if told else None,
        other_processes=max((row.others for row in company), default=None),
        cpus=pairs[-1][1].cpus if pairs else None,
        others_load=_load(pairs, _others_s),
        own_load=_load(pairs, lambda row: row.own_s),
        stolen=_load(pairs, lambda row: row.stolen_s),
        waiting=_load(pairs, lambda row: row.waited_s),
        held_s=_grown(pairs, lambda row: row.held_s),
        cpu_mhz=_span([now.mhz for _, now in pairs]),
        cost=_rate(pairs, lambda row: row.cost_s),
    )


def _within(rows: Sequence[R], turns: Sequence[Turn], slack_s: float) -> List[R]:
    """The rows of those turns; where there is none at all, those just beside them."""
    for more_s in (0.0, slack_s):
        found = [r for r in rows if any(b - more_s <= r.at_s <= e + more_s for b, e in turns)]
        if found:
            return found
    return []


def _joined(turns: Sequence[Turn], gap_s: float) -> List[Turn]:
    """Turns so close to each other that nobody looked in between are one."""
    found: List[Turn] = []
    for began_s, ended_s in sorted(turns):
        if found and began_s - found[-1][1] <= gap_s:
            found[-1] = found[-1][0], max(found[-1][1], ended_s)
        else:
            found.append((began_s, ended_s))
    return found


def _lasting(rows: Sequence[CompanyRow]) -> List[CompanyRow]:
    """Of two looks in a row the smaller number: a process of ours that ends may be gone here and
    still be listed there."""
    after = [*rows[1:], *rows[-1:]]
    return [CompanyRow(row.at_s, min(row.others, then.others)) for row, then in zip(rows, after)]


def _pairs(rows: Sequence[CpuRow], turns: Sequence[Turn]) -> List[Pair]:
    """Looks in a row that lie in a turn for the most part; of a short one, those that touch it."""
    every = [(rows[n], rows[n + 1]) for n in range(len(rows) - 1)]
    for share in (0.5, 0.0):
        found = [pair for pair in every if _inside(pair, turns) > share]
        if found:
            return found
    return []


def _inside(pair: Pair, turns: Sequence[Turn]) -> float:
    """Which share of the time between two looks lies in turns."""
    began_s, ended_s = pair[0].at_s, pair[1].at_s
    shared = sum(max(0.0, min(ended_s, e) - max(began_s, b)) for b, e in turns)
    return shared / max(ended_s - began_s, 1e-9)


def _others_s(row: CpuRow) -> Optional[float]:
    return None if row.own_s is None else row.busy_s - row.own_s


def _load(pairs: Sequence[Pair], of: Callable[[CpuRow], Optional[float]]) -> Optional[Span]:
    """What grows by so much a second, from second to second."""
    found: List[float] = []
    open_s = grown_s = 0.0
    for before, now in pairs:
        first, last = of(before), of(now)
        if first is None or last is None:
            continue
        open_s += now.at_s - before.at_s
        grown_s += last - first
        if open_s >= _LOAD_S:
            found.append(grown_s / open_s)
            open_s = grown_s = 0.0
    if open_s >= _LEAST_LOAD_S or (open_s and not found):
        found.append(grown_s / open_s)
    return _span([max(0.0, each) for each in found])


def _grown(pairs: Sequence[Pair], of: Callable[[CpuRow], Optional[float]]) -> Optional[float]:
    both = [(of(before), of(now)) for before, now in pairs]
    told = [now - before for before, now in both if before is not None and now is not None]
    return max(0.0, sum(told)) if told else None


def _rate(pairs: Sequence[Pair], of: Callable[[CpuRow], Optional[float]]) -> Optional[float]:
    grown, seconds = _grown(pairs, of), sum(now.at_s - before.at_s for before, now in pairs)
    return grown / seconds if grown is not None and seconds else None


def _span(values: Sequence[Optional[float]]) -> Optional[Span]:
    told = sorted(value for value in values if value is not None)
    if not told:
        return None
    outermost = int(len(told) * _OUTERMOST)
    return Span(told[outermost], median(told), told[len(told) - 1 - outermost])
