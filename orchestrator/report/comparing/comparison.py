"""Two runs side by side: the rows they share, and whether they may be compared at all.

What is judged is ours / baseline, after against before. The baseline is the yardstick: what became
of its own time is the machine's.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from orchestrator.performance.family import Family
from orchestrator.performance.stats import Summary
from orchestrator.performance.verdict import Terms, Verdict
from orchestrator.report.comparing import between, builds, ceilings, gating, speedups
from orchestrator.report.comparing.alike import Key, nearest, unlike
from orchestrator.report.comparing.between import Between, History
from orchestrator.report.comparing.builds import BuildChange
from orchestrator.report.comparing.ceilings import CeilingChange
from orchestrator.report.comparing.condition import Condition
from orchestrator.report.comparing.conditions import conditions
from orchestrator.report.comparing.lost import Lost, lost
from orchestrator.report.comparing.speedups import Past, past_of
from orchestrator.report.figures import Figure, Figures, figures
from orchestrator.report.gates.gate import Policy, Ruling
from orchestrator.report.insight import NO_INSIGHT, Insight
from orchestrator.values.run import Run
from remote_payload.contract.case import Case
from remote_payload.contract.words import Method

_OF_THE_HOST = "the GPU waited for the host, so these times are the host's; "
_BY_GRAPH = "the rows by graph decide"
_NO_GRAPH = "only graphs could decide, and not both runs have one"


@dataclass(frozen=True)
class Row:
    """One provider on one case by one method, in both runs.

    by_graph: it is inconclusive by itself, but the row by graph beside it decides the same case.
    """

    provider: str
    case: Case
    method: Method
    before: Summary
    after: Summary
    found: Between
    by_graph: bool = False

    @property
    def verdict(self) -> Verdict:
        return self.found.verdict


@dataclass(frozen=True)
class Yardstick:
    """The baseline's own time in both runs: not judged, as it tells of the machine."""

    provider: str
    case: Case
    method: Method
    before: Summary
    after: Summary


@dataclass(frozen=True)
class Refused:
    """What both runs may have timed, but not the same thing; reason says what differs."""

    provider: str
    case: Case
    method: Method
    reason: str


@dataclass(frozen=True)
class Side:
    """A run with what its folder tells beside the result."""

    run: Run
    insight: Insight = NO_INSIGHT


@dataclass(frozen=True)
class Comparison:
    """Both runs; a speed-up above 1 means that the second is faster.

    history: how many other runs of this kind were looked at. gained: what only the second run
    timed. changes: what the compiler says differs.
    """

    before: Run
    after: Run
    history: int
    conditions: tuple[Condition, ...]
    rows: tuple[Row, ...]
    yardsticks: tuple[Yardstick, ...]
    refused: tuple[Refused, ...]
    lost: tuple[Lost, ...]
    gained: tuple[Key, ...]
    changes: tuple[BuildChange, ...]
    ceilings: tuple[CeilingChange, ...]

    @property
    def differences(self) -> tuple[Condition, ...]:
        """Those that can explain a difference first."""
        unlike = [condition for condition in self.conditions if not condition.same]
        return tuple(sorted(unlike, key=lambda condition: not condition.explains))

    @property
    def same_code(self) -> bool:
        """Whether both ran the same sources."""
        results = [run.result for run in (self.before, self.after) if run.result]
        return len({result.request.snapshot for result in results}) == 1

    @property
    def broke(self) -> tuple[Lost, ...]:
        return tuple(one for one in self.lost if one.broke)

    def ruling(self, policy: Policy) -> Ruling:
        """What a gate says of it."""
        return gating.ruling(self, policy)


def compare(
    before: Side, after: Side, history: Iterable[Run] = (), race: str = between.AGAINST
) -> Comparison:
    """Compare two runs that both have a result; ValueError if one has none.

    history: other runs, of any kind. race: how to compare both in one run, in words.
    """
    old, new = before.run.result, after.run.result
    if old is None or new is None:
        raise ValueError("a run without a result cannot be compared")
    first, second = figures(old), figures(new)
    past = past_of(before.run, after.run, history)
    assert past is not None, "both have a result"
    same_sources = old.request.snapshot == new.request.snapshot
    known = (*conditions(old, new, same_sources=same_sources), *ceilings.conditions(old, new))
    pairs = _Pairs(first, second, _timed(first), _timed(second))
    shared = pairs.shared()
    rows = _rows(pairs, shared, known, past, race)
    gone, kept = [key for key in pairs.old if key not in pairs.new], pairs.gained()
    away = [lost(key, new) for key in gone]
    return Comparison(
        before.run,
        after.run,
        len(past.others),
        known,
        rows,
        tuple(pairs.yardsticks(shared)),
        (*pairs.refused(shared), *_elsewhere(away, kept)),
        tuple(one for one in away if one.broke or not _near(one, kept)),
        kept,
        builds.changes(before, after),
        ceilings.changes(old, new),
    )


@dataclass(frozen=True)
class _Pairs:
    """The trusted timings of both runs by what was timed."""

    first: Figures
    second: Figures
    old: dict[Key, Figure]
    new: dict[Key, Figure]

    @property
    def baseline(self) -> str:
        return self.first.result.operator.baseline

    def why_not(self, key: Key) -> str:
        return unlike(key[0], self.first.result, self.second.result)

    def shared(self) -> list[Key]:
        """What both timed and may be compared."""
        return [key for key in self.old if key in self.new and not self.why_not(key)]

    def refused(self, shared: Sequence[Key]) -> list[Refused]:
        both = [key for key in self.old if key in self.new and key not in shared]
        return [Refused(*key, self.why_not(key)) for key in both]

    def gained(self) -> tuple[Key, ...]:
        return tuple(key for key in self.new if key not in self.old)

    def yardsticks(self, shared: Sequence[Key]) -> list[Yardstick]:
        return [Yardstick(*key, *self.times(key)) for key in shared if key[0] == self.baseline]

    def times(self, key: Key) -> tuple[Summary, Summary]:
        before, after = self.old[key].trusted, self.new[key].trusted
        assert before is not None, "only trusted figures are compared"
        assert after is not None, "only trusted figures are compared"
        return before, after


def _timed(of: Figures) -> dict[Key, Figure]:
    """What a run timed completely, and what no objection refutes; without what stood for another
    revision in it, which its own rows were judged by."""
    before = of.result.request.before
    rows = [row for row in of.rows if row.trusted and row.record.provider not in before]
    return {(r.record.provider, r.record.case, r.record.method): r for r in rows}


def _rows(
    pairs: _Pairs,
    shared: Sequence[Key],
    known: Sequence[Condition],
    past: Past,
    race: str,
) -> tuple[Row, ...]:
    keys = [key for key in shared if key[0] != pairs.baseline]
    asked = (of.result.request.bench.precision for of in (pairs.first, pairs.second))
    terms = Terms(Family(rows=len(keys)), min(asked))
    histories, found = between.histories(keys, past), []
    for key in keys:
        advice = _host_bound(pairs, key)
        if advice:
            judged = between.unjudged(_OF_THE_HOST + advice)
        else:
            judged = _judged(pairs, key, known, past, histories.get(key), terms, race)
        found.append(Row(*key, *pairs.times(key), judged, advice == _BY_GRAPH))
    return tuple(found)


def _judged(
    pairs: _Pairs,
    key: Key,
    known: Sequence[Condition],
    past: Past,
    history: History | None,
    terms: Terms,
    race: str,
) -> Between:
    base = (pairs.baseline, key[1], key[2])
    if base not in pairs.old or base not in pairs.new:
        return between.unjudged("no baseline that can be trusted was timed beside it in both runs")
    if history is None:
        first, second = pairs.first.result, pairs.second.result
        result = second if key in past.before.pairs else first
        return between.unjudged(f"{between.SEPARATE}: {speedups.why_untold(result, key)}; {race}")
    doubts = [one for one in known if one.concerns(*key)]
    return between.judge(history, terms, doubts, race)


def _host_bound(pairs: _Pairs, key: Key) -> str:
    """Which rows decide where the GPU waited for the host; empty where it did not."""
    base = (pairs.baseline, key[1], key[2])
    timed = [each[one] for each in (pairs.old, pairs.new) for one in (key, base) if one in each]
    if not any(figure.host_bound for figure in timed):
        return ""
    graph = [(name, key[1], Method.GRAPH) for name in (key[0], pairs.baseline)]
    decided = all(one in each for each in (pairs.old, pairs.new) for one in graph)
    return _BY_GRAPH if decided else _NO_GRAPH


def _near(one: Lost, gained: Sequence[Key]) -> str:
    return nearest((one.provider, one.case, one.method), gained) if one.unasked else ""


def _elsewhere(away: Iterable[Lost], gained: Sequence[Key]) -> list[Refused]:
    """What the second run timed otherwise."""
    return [
        Refused(
            one.provider, one.case, one.method, f"not timed again; the nearest is another {near}"
        )
        for one in away
        if not one.broke and (near := _near(one, gained))
    ]
