"""A comparison as a page of Markdown."""

from __future__ import annotations

from dataclasses import dataclass

from orchestrator.performance.verdict import Verdict
from orchestrator.report.comparing import wording
from orchestrator.report.comparing.builds import CHANGES, spilled
from orchestrator.report.comparing.comparison import Comparison, Row, Yardstick
from orchestrator.report.printing.form import Form
from orchestrator.report.printing.templates import fill
from orchestrator.report.view.tables import Table
from orchestrator.report.wording import format as fmt
from remote_payload.contract.facts import UNKNOWN, OperatorFacts

_TEMPLATE = "compare.md.j2"
_ROWS = (
    "Provider",
    "Case",
    "Method",
    "Before, µs",
    "After, µs",
    "Against the baseline, after / before",
    "Verdict",
)
_MACHINE = ("Baseline", "Case", "Method", "Before, µs", "After, µs", "Time, after / before")
_CONDITIONS = ("Condition", "Before", "After", "Same")
_CEILINGS = ("Ceiling", "Before", "After", "After / before", "Clock before", "Clock after", "")
_CEILING_WORDS = {
    Verdict.SAME: "agree",
    Verdict.FASTER: "DIFFER",
    Verdict.SLOWER: "DIFFER",
    Verdict.INCONCLUSIVE: "not compared",
}


@dataclass(frozen=True)
class ComparisonView:
    """What the template prints. refused, lost, gained, advice: one sentence each; spread: on what
    the intervals rest."""

    title: str
    first: str
    verdict: str
    table: Table
    spread: tuple[str, ...]
    machine: Table
    refused: tuple[str, ...]
    lost: tuple[str, ...]
    gained: tuple[str, ...]
    advice: tuple[str, ...]
    build: Table
    ceilings: Table
    conditions: Table


def markdown(found: Comparison) -> str:
    """The page; its first line says what must be known before any figure is believed."""
    return fill(_TEMPLATE, Form.MARKDOWN, page=view(found))


def view(found: Comparison) -> ComparisonView:
    """A comparison in words."""
    before, after = found.before.card.run_id, found.after.card.run_id
    operator = _operator(found)
    refused = ((one.provider, one.case, one.method, one.reason) for one in found.refused)
    gone = ((one.provider, one.case, one.method, one.reason) for one in found.lost)
    return ComparisonView(
        title=f"{before} and {after}",
        first=first_line(found),
        verdict=verdict_line(found),
        table=Table(_ROWS, tuple(_cells(row) for row in found.rows)),
        spread=spread_lines(found),
        machine=Table(_MACHINE, tuple(_of_machine(one) for one in found.yardsticks)),
        refused=wording.lines(refused, operator),
        lost=wording.lines(gone, operator),
        gained=wording.lines(((*key, "") for key in found.gained), operator),
        advice=_advice(found.rows, operator),
        build=Table(CHANGES, tuple(one.cells for one in found.changes)),
        ceilings=_ceilings(found),
        conditions=_conditions(found),
    )


def _operator(found: Comparison) -> OperatorFacts:
    result = found.before.result
    return result.operator if result else UNKNOWN


def first_line(found: Comparison) -> str:
    """Spills, then whether anything but the code differs."""
    worst = spilled(found.changes)
    if found.same_code:
        worst += "Both runs ran the same sources: no difference is an edit's. "
    differences = found.differences
    if found.refused and not found.rows and not found.yardsticks:
        return f"{worst}NOT COMPARED: {found.refused[0].reason}."
    if not differences:
        return f"{worst}Same device, driver, clocks and cases."
    explaining = [one.words for one in differences if one.explains]
    if explaining:
        parts = "; ".join(explaining)
        return f"{worst}NOT THE SAME CONDITIONS, so the code alone explains no difference: {parts}."
    parts = "; ".join(one.words for one in differences)
    return f"{worst}Same device, driver and clocks; what differs explains no time: {parts}."


def verdict_line(found: Comparison) -> str:
    """How many rows got better and worse."""
    if not found.rows:
        return _without_rows(found)
    verdicts = [row.verdict for row in found.rows]
    reached = [verdict for verdict in Verdict if verdict in verdicts]
    counts = ", ".join(f"{verdicts.count(verdict)} {verdict.value}" for verdict in reached)
    text = f"{fmt.count(len(verdicts), 'row')}, after against before: {counts}."
    text += f" {len(found.broke)} more that broke." if found.broke else ""
    gone = len(found.lost) - len(found.broke)
    text += f" {gone} more that the second run did not time." if gone else ""
    return text + (f" {len(found.refused)} more that are not alike." if found.refused else "")


def _without_rows(found: Comparison) -> str:
    if found.ceilings and not found.yardsticks:
        agree = sum(one.verdict is Verdict.SAME for one in found.ceilings)
        return f"{agree} of {fmt.count(len(found.ceilings), 'ceiling')} agree within 5 %."
    broke = f" {len(found.broke)} that broke." if found.broke else ""
    if found.yardsticks:
        return f"Nothing to judge: both runs timed the baseline alone.{broke}"
    return f"Nothing to compare: no provider was timed on the same case in both runs.{broke}"


def spread_lines(found: Comparison) -> tuple[str, ...]:
    """On what the intervals rest, a line for all rows with the same grounds."""
    grounds: dict[tuple[int, int, int], list[float]] = {}
    for row in found.rows:
        history = row.found.history
        if history is not None:
            counts = (history.runs, len(history.before), len(history.after))
            known = history.spread.sd
            grounds.setdefault(counts, []).append(-1.0 if known is None else known)
    return tuple(_ground(*counts, spreads) for counts, spreads in grounds.items())


def _ground(runs: int, before: int, after: int, spreads: list[float]) -> str:
    rows = fmt.count(len(spreads), "row")
    sides = f"{fmt.count(before, 'run')} before, {fmt.count(after, 'run')} after"
    if max(spreads) < 0:
        return f"{rows}: {sides}; no code was run twice, so how much runs differ is assumed"
    low, high = (fmt.percent(each) for each in (min(spreads), max(spreads)))
    told = low if low == high else f"{low} to {high}"
    return f"{rows}: {sides}; runs of one code differ by {told} here, as {runs} runs tell"


def _cells(row: Row) -> tuple[str, ...]:
    speedup = row.found.judged.speedup
    return (
        row.provider,
        row.case.label,
        row.method.value,
        fmt.with_interval(row.before),
        fmt.with_interval(row.after),
        fmt.times(speedup) if speedup.n else fmt.NONE,
        row.verdict.value,
    )


def _of_machine(one: Yardstick) -> tuple[str, ...]:
    ratio = one.after.median_us / one.before.median_us
    return (
        one.provider,
        one.case.label,
        one.method.value,
        fmt.with_interval(one.before),
        fmt.with_interval(one.after),
        f"{ratio:.3f}×",
    )


def _advice(rows: tuple[Row, ...], operator: OperatorFacts) -> tuple[str, ...]:
    """Each distinct advice once, with the rows it is for."""
    open_rows = [row for row in rows if row.found.judged.advice]
    return wording.lines(
        ((row.provider, row.case, row.method, row.found.judged.advice) for row in open_rows),
        operator,
    )


def _ceilings(found: Comparison) -> Table:
    rows = []
    for one in found.ceilings:
        ratio = f"{one.ratio:.3f}×" if one.ratio is not None else fmt.NONE
        word = _CEILING_WORDS[one.verdict] + (f": {one.reason}" if one.reason else "")
        rows.append((one.name, one.before, one.after, ratio, one.before_mhz, one.after_mhz, word))
    return Table(_CEILINGS, tuple(rows))


def _conditions(found: Comparison) -> Table:
    rows = []
    for one in found.conditions:
        word = "yes"
        if not one.same:
            most = f"; up to {fmt.percent(one.up_to)}" if one.up_to is not None else ""
            word = f"NO: {one.why}{most}" if one.why else "no, which explains no time"
        rows.append((one.what, one.before, one.after, word))
    return Table(_CONDITIONS, tuple(rows))
