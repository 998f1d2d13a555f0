"""Two files side by side: whether they are of the same cases, and what may be said of both."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from orchestrator.audit.audit import Audit
from orchestrator.audit.rules import figures as fig
from orchestrator.audit.rules.figures import of, times_for
from orchestrator.audit.values import Figure, Quantity, Row

# Of so many files each pair is looked at; of more, each beside the first.
_ALL_PAIRS = 4
_CLAIM = Figure("", Quantity.SPEEDUP, 1.0)


@dataclass(frozen=True)
class Together:
    """first, second: names of files. shared: cases that are in both. lines: what is said of them.
    comparable: whether anything in them is of the same case."""

    first: str
    second: str
    shared: int
    comparable: bool
    lines: tuple[str, ...]


def together(audits: Sequence[Audit]) -> tuple[Together, ...]:
    """Each pair of files."""
    pairs = [
        (one, two)
        for at, one in enumerate(audits)
        for two in audits[at + 1 :]
        if len(audits) <= _ALL_PAIRS or at == 0
    ]
    return tuple(_pair(one, two) for one, two in pairs)


def _pair(one: Audit, two: Audit) -> Together:
    first, second = _by_case(one.sheet.rows), _by_case(two.sheet.rows)
    shared = [key for key in first if key in second]
    names = (one.sheet.name, two.sheet.name)
    lines = list(_lines(one, two, first, second)) if shared else [_NOTHING]
    return Together(*names, len(shared), bool(shared), tuple(lines))


_NOTHING = "NOT COMPARABLE: no row of one is of the same case as a row of the other."
Cases = dict[tuple[tuple[str, str], ...], list[Row]]


def _by_case(rows: Sequence[Row]) -> Cases:
    found: Cases = {}
    for row in rows:
        if row.same:
            found.setdefault(row.same, []).append(row)
    return found


def _lines(one: Audit, two: Audit, first: Cases, second: Cases) -> Iterator[str]:
    names = (one.sheet.name, two.sheet.name)
    keys = [key for key in first if key in second]
    alone = [
        (name, len(cases) - len(keys)) for name, cases in zip(names, (first, second), strict=True)
    ]
    more = "".join(f"; {count} more in {name} alone" for name, count in alone if count)
    yield f"comparable: {len(keys)} cases are in both{more}"
    machines = [{row.gpu for row in each.sheet.rows if row.gpu} for each in (one, two)]
    if all(machines) and machines[0] != machines[1]:
        words = " / ".join(", ".join(sorted(each)) for each in machines)
        yield f"NOT THE SAME MACHINE: {words}; no time of one says anything of the other's code"
    elif not all(machines):
        yield "GPU, driver and clocks are not told by both: nobody knows whether they were the same"
    yield from _ratios(names, [(first[key][0], second[key][0]) for key in keys])
    sampled = all(row.series for each in (one, two) for row in each.sheet.rows)
    why = "separate runs differ by more than their samples show" if sampled else "no raw samples"
    yield f"no verdict of faster or slower can be made of the two: {why}; race them in one run"


def _ratios(names: tuple[str, str], pairs: Sequence[tuple[Row, Row]]) -> Iterator[str]:
    ratios, same = [], 0
    for one, two in pairs:
        times = [next(iter(times_for(row, _CLAIM)), None) for row in (one, two)]
        if times[0] and times[1] and times[0].statistic == times[1].statistic:
            ratios.append(times[1].value / times[0].value)
            same += [f.value for f in of(one, Quantity.TIME)] == [
                f.value for f in of(two, Quantity.TIME)
            ]
    if ratios and same == len(ratios) and len(ratios) > 1:
        yield f"the same times in both files, in all {same} cases: one run under two names?"
    elif ratios:
        low, high = fig.times(min(ratios)), fig.times(max(ratios))
        span = low if low == high else f"{low} to {high}"
        yield f"as printed, {names[1]} takes {span} the time of {names[0]}"
