"""What a comparison knows beside its rows, each under a sentence that says what is inside."""

from __future__ import annotations

from collections.abc import Iterator

from orchestrator.performance.verdict import Verdict
from orchestrator.report.comparing import wording
from orchestrator.report.comparing.alike import Key
from orchestrator.report.comparing.builds import CHANGES
from orchestrator.report.comparing.comparison import Comparison, Refused, Row, Yardstick
from orchestrator.report.comparing.lost import Lost
from orchestrator.report.comparing.parts.spread import spread_lines
from orchestrator.report.view.comparison import FoldView
from orchestrator.report.view.tables import Cell, Table
from orchestrator.report.wording import format as fmt
from remote_payload.contract.facts import UNKNOWN, OperatorFacts

_JUDGED = (
    "Judged is each provider against its own run's baseline, after against before: a gain above 1 "
    "is one on the baseline. What a run has of its own cancels in that. The interval holds for all "
    "rows together."
)
_YARDSTICK = "What the baseline's own time did is the machine's, so it is not judged."
_CHOSEN = "What a run chooses itself (calls per sample, warm-ups, rounds, starts) is none."
_AGREE = "Two runs on one machine agree within 5 %."
_MACHINE = ("Baseline", "Case", "Method", "Before, µs", "After, µs", "Time, after / before")
_CONDITIONS = ("Condition", "Before", "After", "Same")
_CEILINGS = ("Ceiling", "Before", "After", "After / before", "Clock before", "Clock after", "")
_CEILING_WORDS = {
    Verdict.SAME: "agree",
    Verdict.FASTER: "DIFFER",
    Verdict.SLOWER: "DIFFER",
    Verdict.INCONCLUSIVE: "not compared",
}


def folds(found: Comparison) -> tuple[FoldView, ...]:
    """Those in which something stands."""
    return tuple(fold for fold in _folds(found) if fold.notes or fold.table.rows)


def _folds(found: Comparison) -> Iterator[FoldView]:
    operator = operator_of(found)
    advised = ((*_key(row), row.found.judged.advice) for row in found.rows)
    advice = [one for one in advised if one[3]]
    rows = fmt.count(len(advice), "row")
    yield FoldView(f"What would decide {rows}", notes=wording.lines(advice, operator))
    notes = spread_lines(found)
    yield FoldView("On what the verdicts rest: how much runs of one code differ", _JUDGED, notes)
    refused = [(*_key(one), one.reason) for one in found.refused]
    title = f"{fmt.count(len(refused), 'row')} not compared, as not alike"
    yield FoldView(title, notes=wording.lines(refused, operator))
    gone = [(*_key(one), one.reason) for one in found.lost if not one.broke]
    title = f"{fmt.count(len(gone), 'row')} timed before, not after"
    yield FoldView(title, notes=wording.lines(gone, operator))
    new = [(*key, "") for key in found.gained]
    title = f"{fmt.count(len(new), 'row')} timed after, not before"
    yield FoldView(title, notes=wording.lines(new, operator))
    machine = Table(_MACHINE, tuple(_of_machine(one) for one in found.yardsticks))
    yield FoldView("What the machine did to the baseline", _YARDSTICK, table=machine)
    build = build_table(found)
    yield FoldView(
        f"What the compiler says else: {fmt.count(len(build.rows), 'line')}", table=build
    )
    agree = sum(one.verdict is Verdict.SAME for one in found.ceilings)
    title = f"Ceilings: {agree} of {len(found.ceilings)} agree"
    yield FoldView(title, _AGREE, table=ceilings_table(found))
    yield _conditions(found)


def operator_of(found: Comparison) -> OperatorFacts:
    """What the first run's operator says of itself."""
    result = found.before.result
    return result.operator if result else UNKNOWN


def build_table(found: Comparison) -> Table:
    """What the compiler says differs."""
    return Table(CHANGES, tuple(one.cells for one in found.changes))


def ceilings_table(found: Comparison) -> Table:
    """What both runs measured of the machine itself."""
    rows = []
    for one in found.ceilings:
        ratio = f"{one.ratio:.3f}×" if one.ratio is not None else fmt.NONE
        word = _CEILING_WORDS[one.verdict] + (f": {one.reason}" if one.reason else "")
        rows.append((one.name, one.before, one.after, ratio, one.before_mhz, one.after_mhz, word))
    return Table(_CEILINGS, tuple(rows))


def _key(one: Row | Refused | Lost) -> Key:
    return one.provider, one.case, one.method


def _of_machine(one: Yardstick) -> tuple[str, ...]:
    ratio = one.after.median_us / one.before.median_us
    return (
        one.provider,
        one.case.label,
        one.method.value,
        Cell(fmt.with_interval(one.before), one.before.median_us),
        Cell(fmt.with_interval(one.after), one.after.median_us),
        Cell(f"{ratio:.3f}×", ratio),
    )


def _conditions(found: Comparison) -> FoldView:
    rows = []
    for one in sorted(found.conditions, key=lambda one: one.same):
        word = "yes"
        if not one.same:
            most = f"; up to {fmt.percent(one.up_to)}" if one.up_to is not None else ""
            word = f"NO: {one.why}{most}" if one.why else "no, which explains no time"
        rows.append((one.what, one.before, one.after, word))
    differ = len(found.differences)
    told = f"{differ} of {len(rows)} differ" if differ else f"all {len(rows)} are the same"
    return FoldView(f"Conditions: {told}", _CHOSEN, table=Table(_CONDITIONS, tuple(rows)))
