"""What all reports came to: a row a setting, and the goals that were missed."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from statistics import fmean, median

from benchmarks.standing.kept import COPY, NOT_JUDGED, SLOWER, Report, Row
from benchmarks.standing.settings import SETTINGS, TRUTH
from orchestrator.performance.verdict import Verdict
from remote_payload.contract.words import Method

# Of the slowed ones, by the first method.
LEAST_FOUND = 0.95
FIRST = Method.BACK_TO_BACK.value
_METHODS = (FIRST, Method.COLD.value)
_FALSE = (Verdict.FASTER.value, Verdict.SLOWER.value)
_COLUMNS = (
    "setting",
    "reports",
    *(f"copy: FASTER / SLOWER / SAME / INCONCLUSIVE, {of}" for of in (*_METHODS, "both")),
    *(f"slower: SLOWER / others, {of}" for of in (*_METHODS, "both")),
    "copy: intervals with 1",
    f"slower: intervals with {TRUTH[SLOWER]:.3f}",
    *(f"slower: speed-up, {of}" for of in _METHODS),
    "starts: median, most",
    "seconds, median: with slower, without",
    "MEASUREMENT ERRORs",
    "threads",
)


def render(reports: Sequence[Report]) -> str:
    """Markdown."""
    lines = [f"| {' | '.join(_COLUMNS)} |", "|---" * len(_COLUMNS) + "|"]
    for setting in SETTINGS:
        found = [one for one in reports if one.setting == setting]
        if found:
            lines.append(f"| {' | '.join(_cells(setting, found))} |")
    return "\n".join(lines)


def missed(reports: Sequence[Report]) -> Iterator[str]:
    """Goals that were, in words; a report that broke shows nothing, so it misses too."""
    for setting in SETTINGS:
        found = [one for one in reports if one.setting == setting]
        for one in found:
            if one.broke:
                yield f"{setting} {one.number} broke: {one.broke}"
        for row in _rows(found, COPY):
            if row.verdict in _FALSE:
                yield f"{setting}: an identical copy was called {row.verdict}, {row.method}"
        slowed = _rows(found, SLOWER, FIRST)
        told = sum(row.verdict == Verdict.SLOWER.value for row in slowed)
        if told < LEAST_FOUND * len(slowed):
            yield f"{setting}: only {told} of {len(slowed)} slowed ones were called SLOWER, {FIRST}"


def _cells(setting: str, reports: Sequence[Report]) -> Iterator[str]:
    whole = [one for one in reports if not one.broke]
    broke = len(reports) - len(whole)
    yield setting
    yield f"{len(whole)}, {broke} broke" if broke else str(len(whole))
    for method in (*_METHODS, ""):
        yield _of_copy(_rows(whole, COPY, method))
    for method in (*_METHODS, ""):
        yield _of_slower(_rows(whole, SLOWER, method))
    for provider in (COPY, SLOWER):
        judged = [row for row in _rows(whole, provider) if row.low is not None]
        held = sum(row.holds(TRUTH[provider]) for row in judged)
        yield f"{held} of {len(judged)}"
    for method in _METHODS:
        yield _mean(_rows(whole, SLOWER, method))
    starts = [one.starts for one in whole]
    yield f"{median(starts):g}, {max(starts)}" if starts else "none"
    yield ", ".join(_seconds(whole, slowed) for slowed in (True, False))
    yield str(sum(len(one.errors) for one in whole))
    yield ", ".join(str(each) for each in dict.fromkeys(one.threads for one in whole)) or "none"


def _rows(reports: Sequence[Report], provider: str, method: str = "") -> list[Row]:
    """Without a method those of all."""
    rows = (row for one in reports for row in one.rows if row.provider == provider)
    return [row for row in rows if method in ("", row.method)]


def _of_copy(rows: Sequence[Row]) -> str:
    told = Counter(row.verdict for row in rows)
    counts = " / ".join(str(told[one.value]) for one in Verdict)
    return f"{counts}, {told[NOT_JUDGED]} {NOT_JUDGED}" if told[NOT_JUDGED] else counts


def _of_slower(rows: Sequence[Row]) -> str:
    told = Counter(row.verdict for row in rows)
    slower = told.pop(Verdict.SLOWER.value, 0)
    others = ", ".join(f"{number} {verdict}" for verdict, number in told.items())
    return f"{slower} / {told.total()}" + (f" ({others})" if others else "")


def _mean(rows: Sequence[Row]) -> str:
    """Geometric."""
    logs = [math.log(row.speedup) for row in rows if row.speedup]
    return f"{math.exp(fmean(logs)):.4f}" if logs else "none"


def _seconds(reports: Sequence[Report], slowed: bool) -> str:
    found = [one.seconds for one in reports if one.slowed is slowed]
    return f"{median(found):.0f}" if found else "none"
