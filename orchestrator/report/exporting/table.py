"""CSV: a line for each timing of a run, or for each row of a comparison, with all digits."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from orchestrator.performance.stats import Ratio, Summary
from orchestrator.report.comparing.comparison import Comparison, Row, Yardstick
from orchestrator.report.comparing.parts.rows import worst_first
from orchestrator.report.exporting import origin
from orchestrator.report.exporting.trusted import why_not
from orchestrator.report.figures import Figure, Figures
from orchestrator.report.wording.plain import words
from orchestrator.values.run import Run
from orchestrator.values.spreadsheet.cells import Value, csv_lines
from remote_payload.contract.case import Case
from remote_payload.contract.words import Method

_TIMED = (
    "method", "median_us", "low_us", "high_us", "tflops", "gb_per_s", "samples", "starts",
    "calls_per_sample", "baseline", "speedup", "speedup_low", "speedup_high", "verdict", "left_out",
    "machine", "commit",
)  # fmt: skip
_COMPARED = (
    "method", "before_us", "before_low_us", "before_high_us", "after_us", "after_low_us",
    "after_high_us", "gain", "gain_low", "gain_high", "verdict", "reason",
)  # fmt: skip
_Line = Iterator[tuple[Value, ...]]


def of_run(run: Run, derived: Figures | None) -> str:
    """Every timing; one that cannot be trusted has no figure, and says why under left_out.

    Times are of one call; `median in …` is in the operator's unit.
    """
    rows = derived.rows if derived else ()
    symbols = _symbols(row.record.case for row in rows)
    unit = words(derived.result.operator.unit) if derived else ""
    return csv_lines(
        (
            ("run", "operator", "provider", *map(words, symbols), "dtype", f"median in {unit}",
             *_TIMED),
            *(_timing(row, run, derived, symbols) for row in rows if derived),
        )
    )  # fmt: skip


def _timing(row: Figure, run: Run, derived: Figures, symbols: Sequence[str]) -> tuple[Value, ...]:
    record, why = row.record, why_not(row, derived)
    summary = None if why else row.trusted
    against = row.against if summary else None
    median = summary.median_us / row.facts.per if summary else None
    return (
        words(run.card.run_id),
        words(record.case.operator),
        words(record.provider),
        *_axes(record.case, symbols),
        median,
        record.method.value,
        *_times(summary),
        row.tflops if summary else None,
        row.gbs if summary else None,
        len(record.samples_us),
        len(record.starts) or 1,
        record.calls,
        words(derived.result.baseline_of(record.provider)),
        *_ratio(against.speedup if against else None),
        against.verdict.value if against else "",
        why,
        origin.machine_of(derived.result),
        origin.commit_of(run.card),
    )


def of_comparison(found: Comparison) -> str:
    """Every row, the worst first, then the baseline's, then what has no figure in both runs."""
    untimed = tuple(_untimed(found))
    timed = (*(row.case for row in found.rows), *(one.case for one in found.yardsticks))
    symbols = _symbols((*timed, *(case for _, case, *_ in untimed)))
    head = ("run_before", "run_after", "provider", *map(words, symbols), "dtype", *_COMPARED)
    runs = words(found.before.card.run_id), words(found.after.card.run_id)
    lines = (*_compared(found, symbols), *_without(untimed, symbols))
    return csv_lines((head, *((*runs, *line) for line in lines)))


def _compared(found: Comparison, symbols: Sequence[str]) -> _Line:
    for row in worst_first(found.rows):
        judged = row.found.judged
        speedup = judged.speedup if judged.speedup.n else None
        rest = (*_ratio(speedup), row.verdict.value, words(judged.advice))
        yield (*_both(row, symbols), *rest)
    for one in found.yardsticks:
        yield (*_both(one, symbols), *_ratio(None), "baseline", "")


def _both(row: Row | Yardstick, symbols: Sequence[str]) -> tuple[Value, ...]:
    axes = _axes(row.case, symbols)
    times = (*_times(row.before), *_times(row.after))
    return (words(row.provider), *axes, row.method.value, *times)


def _untimed(found: Comparison) -> Iterator[tuple[str, Case, Method, str, str]]:
    for one in found.lost:
        told = "broke" if one.broke else "missing"
        yield one.provider, one.case, one.method, told, one.reason
    for each in found.refused:
        yield each.provider, each.case, each.method, "not alike", each.reason
    for key in found.gained:
        yield (*key, "new", "")


def _without(
    untimed: Iterable[tuple[str, Case, Method, str, str]], symbols: Sequence[str]
) -> _Line:
    for provider, case, method, told, reason in untimed:
        axes = _axes(case, symbols)
        nothing = (None,) * 9
        yield (words(provider), *axes, method.value, *nothing, told, words(reason))


def _symbols(cases: Iterable[Case]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for case in cases for name, _ in case.axes))


def _axes(case: Case, symbols: Sequence[str]) -> tuple[Value, ...]:
    """The value of each axis, a size as a figure; empty where it is as the operator has it."""
    known = dict(case.axes)
    return (*(_value(known.get(symbol)) for symbol in symbols), case.dtype.value)


def _value(value: object) -> Value:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return value if value is None or isinstance(value, int) else words(value)


def _times(summary: Summary | None) -> tuple[Value, Value, Value]:
    return (summary.median_us, summary.low_us, summary.high_us) if summary else (None, None, None)


def _ratio(ratio: Ratio | None) -> tuple[Value, Value, Value]:
    return (ratio.median, ratio.low, ratio.high) if ratio else (None, None, None)
