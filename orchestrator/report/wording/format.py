"""Numbers as text, with no more digits than their interval warrants."""

from __future__ import annotations

from orchestrator.performance.stats import Ratio, Summary
from orchestrator.performance.steps import Step
from orchestrator.performance.verdict import Judgement
from orchestrator.report.wording.digits import count as count
from orchestrator.report.wording.digits import percent as percent
from orchestrator.report.wording.digits import rounded as rounded
from remote_payload.contract.facts import CaseFacts
from remote_payload.contract.records import BenchRecord

NONE = "—"
HOST_BOUND_NOTE = ", bound by the host"


def microseconds(value_us: float, summary: Summary, per: int = 1) -> str:
    """A time of a summary, divided by `per` (heads), at the precision of its median."""
    half = summary.half_width_us
    return rounded(value_us / per, half / per if half else None)


def with_interval(summary: Summary, per: int = 1) -> str:
    """`366.7 (365.9–367.4)`; without an interval the median alone."""
    median = microseconds(summary.median_us, summary, per)
    if summary.low_us is None or summary.high_us is None:
        return f"{median} (no interval)"
    low = microseconds(summary.low_us, summary, per)
    return f"{median} ({low}–{microseconds(summary.high_us, summary, per)})"


def scaled(value: float, summary: Summary) -> str:
    """A figure proportional to 1/median (TFLOPS, percent), at the median's relative precision."""
    half = summary.half_width_us
    return rounded(value, value * half / summary.median_us if half else None)


def speedup(judgement: Judgement | None) -> str:
    """`1.23× (1.21–1.25) by graph`; a dash where nothing was compared."""
    if judgement is None:
        return NONE
    return times(judgement.speedup) + (" by graph" if judgement.by_graph else "")


def verdict(judgement: Judgement, host_bound: bool) -> str:
    """`FASTER by graph, bound by the host`. host_bound: the time beside it is the host's."""
    how = " by graph" if judgement.by_graph else ""
    return f"{judgement.verdict.value}{how}{HOST_BOUND_NOTE if host_bound else ''}"


def taken(record: BenchRecord) -> str:
    """`8 × 5`: starts and rounds of each; without starts all samples are of one."""
    starts = record.starts or (len(record.samples_us),)
    if len(set(starts)) == 1:
        return f"{len(starts)} × {starts[0]}"
    return f"{len(starts)} × {min(starts)}–{max(starts)}"


def levels(step: Step, per: int = 1) -> str:
    """`1247, then 1383 from start 5 of 8 on`: a time that had two."""
    before, after = (rounded(us / per, None) for us in (step.before, step.after))
    part = f"sample {step.at + 1}" if step.start is None else f"start {step.start + 1}"
    return f"{before}, then {after} from {part} of {step.parts} on"


def time(summary: Summary, step: Step | None, per: int = 1) -> str:
    """With its interval, or both levels where no one middle tells it."""
    return with_interval(summary, per) if step is None else levels(step, per)


def times(ratio: Ratio) -> str:
    """`1.23× (1.21–1.25)`."""
    if ratio.low is None or ratio.high is None:
        return f"{rounded(ratio.median, None)}× (no interval)"
    half = (ratio.high - ratio.low) / 2
    low, high = rounded(ratio.low, half), rounded(ratio.high, half)
    return f"{rounded(ratio.median, half)}× ({low}–{high})"


def error(value: float | None) -> str:
    """An error measure: three significant digits, exponent where it helps."""
    return NONE if value is None else f"{value:.3g}"


def optional(value: float | int | None, unit: str = "", digits: int = 0) -> str:
    """A fact that the host may not have told."""
    return NONE if value is None else f"{value:.{digits}f}{f' {unit}' if unit else ''}"


def in_unit(summary: Summary | None, facts: CaseFacts) -> str:
    """A time in the operator's unit, with its interval."""
    return with_interval(summary, facts.per) if summary else NONE
