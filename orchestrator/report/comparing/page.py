"""A comparison as a page of Markdown and as a JSON document."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from orchestrator.performance.verdict import Verdict
from orchestrator.report.comparing.comparison import Comparison, Gate, Row, in_words
from orchestrator.report.render import fill
from orchestrator.report.view import Table
from orchestrator.report.wording import format as fmt
from remote_payload.contract import codec
from remote_payload.contract.case import Case
from remote_payload.contract.facts import UNKNOWN, OperatorFacts
from remote_payload.contract.words import Method

_TEMPLATE = "compare.md.j2"
_ROWS = (
    "Provider",
    "Case",
    "Method",
    "Before, µs",
    "After, µs",
    "Speed-up (95 % interval)",
    "Verdict",
)
_OPEN_SHOWN = 3
_CONDITIONS = ("Condition", "Before", "After", "Same")


@dataclass(frozen=True)
class ComparisonView:
    """What the template prints. lost, gained, advice: one sentence each."""

    title: str
    first: str
    verdict: str
    table: Table
    lost: tuple[str, ...]
    gained: tuple[str, ...]
    advice: tuple[str, ...]
    conditions: Table


def markdown(found: Comparison) -> str:
    """The page; its first line says whether the two may be compared."""
    return fill(_TEMPLATE, page=view(found))


def view(found: Comparison) -> ComparisonView:
    """A comparison in words."""
    before, after = found.before.card.run_id, found.after.card.run_id
    operator = _operator(found)
    return ComparisonView(
        title=f"{before} and {after}",
        first=first_line(found),
        verdict=verdict_line(found),
        table=Table(_ROWS, tuple(_cells(row) for row in found.rows)),
        lost=_lines(
            ((one.provider, one.case, one.method, one.reason) for one in found.lost), operator
        ),
        gained=_lines(((*key, "") for key in found.gained), operator),
        advice=_advice(found.rows),
        conditions=Table(
            _CONDITIONS,
            tuple(
                (one.what, one.before, one.after, "yes" if one.same else "NO")
                for one in found.conditions
            ),
        ),
    )


def _operator(found: Comparison) -> OperatorFacts:
    result = found.before.result
    return result.operator if result else UNKNOWN


def first_line(found: Comparison) -> str:
    """Whether anything but the code differs."""
    differences = found.differences
    if not differences:
        return "Same device, driver, clocks and cases."
    parts = "; ".join(f"{one.what} ({one.before} / {one.after})" for one in differences)
    return f"NOT THE SAME CONDITIONS, so the code alone explains no difference: {parts}."


def verdict_line(found: Comparison) -> str:
    """How many rows got better and worse."""
    if not found.rows:
        return "Nothing to compare: no provider was timed on the same case in both runs."
    verdicts = [row.judgement.verdict for row in found.rows]
    reached = [verdict for verdict in Verdict if verdict in verdicts]
    counts = ", ".join(f"{verdicts.count(verdict)} {verdict.value}" for verdict in reached)
    broke = len([one for one in found.lost if one.broke])
    text = f"{fmt.count(len(verdicts), 'row')}, after against before: {counts}."
    text += f" {broke} more that broke." if broke else ""
    gone = len(found.lost) - broke
    return f"{text} {gone} more that the second run did not time." if gone else text


def undecided_line(found: Comparison) -> str:
    """What the gate cannot say, and why; empty where it says yes or no."""
    if found.gate is not Gate.UNDECIDED:
        return ""
    parts = []
    if found.other_device:
        one = found.other_device
        parts.append(f"the devices differ ({one.before} before, {one.after} after)")
    if not found.rows:
        parts.append("no provider was timed on the same case in both runs")
    open_cases = found.open_cases
    if open_cases:
        known = fmt.count(len(found.rows) + len(found.lost), "case")
        cases = [(one.provider, one.case, one.method, one.reason) for one in open_cases]
        parts.append(
            f"{len(open_cases)} of {known} are open: {_first(_lines(cases, _operator(found)))}"
        )
    return f"nothing decided: {'; '.join(parts)}"


def undecided_hint(found: Comparison) -> str:
    """The next step after `undecided_line`."""
    before = found.before.card
    again = before.reproduce if before.reproduce.startswith("orchestrator ") else ""
    if found.other_device:
        return f"Compare runs of one model of device; the first was made on {before.host}."
    if not found.rows or any(not one.broke for one in found.lost):
        how = f", as by: {again}" if again else ""
        return f"Time what the first run timed{how}; then compare again."
    return "Repeat on a quiet machine with more rounds, bench --rounds N; then compare again."


def _first(lines: Sequence[str]) -> str:
    rest = len(lines) - _OPEN_SHOWN
    return "; ".join(lines[:_OPEN_SHOWN]) + (f"; and {rest} more" if rest > 0 else "")


def document(found: Comparison) -> Mapping[str, object]:
    """The comparison for programs; null where there is no interval or no noise floor."""
    return {
        "before": found.before.card.run_id,
        "after": found.after.card.run_id,
        "same_conditions": not found.differences,
        "differences": [
            {"what": one.what, "before": one.before, "after": one.after}
            for one in found.differences
        ],
        "regressions": found.regressions,
        "gate": found.gate.value,
        "undecided": undecided_line(found),
        "open": [
            {**_key(one.provider, one.case, one.method), "reason": one.reason}
            for one in found.open_cases
        ],
        "rows": [_facts(row) for row in found.rows],
        "lost": [
            {**_key(one.provider, one.case, one.method), "reason": one.reason, "broke": one.broke}
            for one in found.lost
        ],
        "gained": [_key(*key) for key in found.gained],
    }


def _cells(row: Row) -> tuple[str, ...]:
    return (
        row.provider,
        row.case.label,
        row.method.value,
        fmt.with_interval(row.before),
        fmt.with_interval(row.after),
        fmt.times(row.judgement.speedup),
        row.judgement.verdict.value,
    )


def _lines(
    told: Iterable[tuple[str, Case, Method, str]], operator: OperatorFacts
) -> tuple[str, ...]:
    """A line for each provider, method and reason, with all cases it holds for."""
    cases: dict[tuple[str, ...], list[Case]] = {}
    for provider, case, method, reason in told:
        cases.setdefault((provider, method.value, reason), []).append(case)
    return tuple(
        f"{provider}, {method}, {in_words(held, operator)}{': ' if reason else ''}{reason}"
        for (provider, method, reason), held in cases.items()
    )


def _advice(rows: tuple[Row, ...]) -> tuple[str, ...]:
    """Each distinct advice once, with the rows it is for."""
    cases: dict[str, list[str]] = {}
    for row in rows:
        if row.judgement.advice:
            case = f"{row.provider} on {row.case.label}, {row.method.value}"
            cases.setdefault(row.judgement.advice, []).append(case)
    return tuple(f"{', '.join(names)}: {advice}." for advice, names in cases.items())


def _facts(row: Row) -> dict[str, object]:
    judged = row.judgement
    return {
        **_key(row.provider, row.case, row.method),
        "before_us": row.before.median_us,
        "after_us": row.after.median_us,
        "speedup": judged.speedup.median,
        "low": judged.speedup.low,
        "high": judged.speedup.high,
        "noise": judged.noise,
        "verdict": judged.verdict.value,
        "advice": judged.advice,
    }


def _key(provider: str, case: Case, method: Method) -> dict[str, object]:
    return {"provider": provider, "case": codec.encode(case), "method": method.value}
