"""The section on ceilings: what well-known programs got out of this machine."""

from __future__ import annotations

from collections.abc import Sequence

from orchestrator.performance import ceiling
from orchestrator.performance.ceiling import Ceiling
from orchestrator.performance.device import Device
from orchestrator.performance.objection import device_of, on_gpu
from orchestrator.readers.cutlass_csv import Sheet
from orchestrator.report.figures import Figure, Figures
from orchestrator.report.section import Page, Section
from orchestrator.report.sections.against import cutlass
from orchestrator.report.view.sections import CeilingsView
from orchestrator.report.view.tables import Table
from orchestrator.report.wording import format as fmt
from remote_payload.contract.dtypes import DType
from remote_payload.contract.result import Result
from remote_payload.contract.tools.throttle import holding
from remote_payload.contract.words import Method, Stage, Status

NAMES = {
    "copy": "Copy in device memory",
    "gemm-fp16": "GEMM FP16",
    "gemm-bf16": "GEMM BF16",
    "gemm-fp8": "GEMM FP8 (e4m3)",
    "gemm-fp32": "GEMM FP32",
    "exp": "Exponentials",
}
# By the record's unit: what one displayed unit holds and its name, the largest that fits first.
_UNITS = {
    "byte": ((1e9, "GB/s"),),
    "flop": ((1e12, "TFLOPS"), (1e9, "GFLOPS")),
    "exp": ((1e12, "T exp/s"),),
}
_HEADER = (
    "Ceiling",
    "Rate, median (95 % interval)",
    "Of the documented peak",
    "CV",
    "n",
    "SM clock before / after",
    "How it was taken",
)
_BAD = (Status.FAILED, Status.TIMEOUT)


def ceilings(
    result: Result | None, figures: Figures | None, sheets: Sequence[Sheet] = ()
) -> tuple[CeilingsView, ...]:
    """The section; none for a run that was not asked for ceilings.

    sheets: what the CUTLASS profiler's files say, one for each file.
    """
    if result is None or Stage.CEILINGS not in result.request.stages:
        return ()
    measured = ceiling.ceilings(result)
    device = device_of(result)
    shares = _shares(result, figures)
    trusted = cutlass.trusted(sheets, device)
    view = CeilingsView(
        complete=_complete(result, measured, sheets, device),
        headline=_headline(result, measured),
        table=Table(_HEADER, tuple(_row(one) for one in measured if one.summary is not None)),
        left_out=tuple(_left_out(measured)),
        beside=_beside(result, shares),
        shares=Table(_shares_header(result), tuple(_share_row(*share) for share in shares)),
        cutlass=cutlass.cutlass_headline(result, trusted),
        cutlass_rows=cutlass.cutlass_rows(sheets, device),
        refusals=cutlass.refusals(sheets),
        notes=_notes(result, measured, sheets),
    )
    return (view,)


def _complete(
    result: Result, measured: Sequence[Ceiling], sheets: Sequence[Sheet], device: Device | None
) -> bool:
    """Whether everything asked for gave a number that can be believed."""
    whole = bool(measured) and not any(m.record.status in _BAD or m.refuted for m in measured)
    if not result.request.ceilings.cutlass:
        return whole
    done = result.cutlass is not None and result.cutlass.status is Status.OK
    return whole and done and bool(sheets) and all(cutlass.trusted([one], device) for one in sheets)


def _headline(result: Result, measured: Sequence[Ceiling]) -> str:
    told = [
        f"{NAMES.get(one.record.name, one.record.name)} {_rate(one)}{_of_peak(one)}"
        for one in measured
        if one.trusted_rate is not None
    ]
    if not told:
        stage = next((s for s in result.stages if s.stage is Stage.CEILINGS), None)
        why = (stage.reason if stage else "") or "the run ended before it came to that"
        return f"Not measured: {why.rstrip('.')}."
    note = " Percentages are of the documented peak."
    if not on_gpu(result):
        note = " These are the CPU's, and no GPU's roof applies to them."
    elif not any(one.peak for one in measured):
        note = ""
    return f"{'; '.join(told)}.{note}"


def _of_peak(one: Ceiling) -> str:
    if one.rate is None or one.peak is None:
        return ""
    return f" ({fmt.percent(one.rate / one.peak.documented)})"


def _rate(one: Ceiling, interval: bool = False) -> str:
    """`612 TFLOPS`, or `612 (610–614) TFLOPS`, with the digits of the median's interval."""
    summary = one.summary
    if one.rate is None or summary is None:
        return fmt.NONE
    units = _UNITS.get(one.record.unit, ((1.0, f"{one.record.unit}/s"),))
    size, unit = next((each for each in units if one.rate >= each[0]), units[-1])
    text = fmt.scaled(one.rate / size, summary)
    if not interval:
        return f"{text} {unit}"
    if summary.low_us is None or summary.high_us is None:
        return f"{text} (no interval) {unit}"
    low, high = (
        fmt.scaled(one.record.work_per_call / us * 1e6 / size, summary)
        for us in (summary.high_us, summary.low_us)
    )
    return f"{text} ({low}–{high}) {unit}"


def _row(one: Ceiling) -> tuple[str, ...]:
    record, summary = one.record, one.summary
    share = "no peak known"
    if one.rate is not None and one.peak is not None:
        share = fmt.percent(one.rate / one.peak.documented)
    clocks = " / ".join(
        fmt.optional(state.sm_clock_mhz if state else None, "MHz")
        for state in (record.before, record.after)
    )
    return (
        NAMES.get(record.name, record.name),
        _rate(one, interval=True),
        share,
        fmt.percent(summary.cv) if summary else fmt.NONE,
        str(summary.n) if summary else fmt.NONE,
        clocks,
        f"{record.what}; samples of {fmt.count(record.calls, 'call')} in a row",
    )


def _left_out(measured: Sequence[Ceiling]) -> list[str]:
    """One sentence for each that gave no number, or a number that is doubted."""
    lines = []
    for one in measured:
        name, status = NAMES.get(one.record.name, one.record.name), one.record.status
        if status is not Status.OK:
            partial = " (the samples above are partial)" if one.summary else ""
            lines.append(f"{name}: {status.value}: {one.record.reason.rstrip('.')}{partial}.")
        elif one.doubt:
            word = "Measurement error" if one.refuted else "Doubt"
            lines.append(f"{word}: {name}: {one.doubt}.")
    return lines


def _shares(result: Result, figures: Figures | None) -> list[tuple[Figure, float]]:
    """What was timed back to back, as GEMM was, and its share of the GEMM rate of its type; nothing
    on a CPU, whose ceilings are for orientation."""
    found: list[tuple[Figure, float]] = []
    if not on_gpu(result):
        return found
    for row in figures.of_method(Method.BACK_TO_BACK) if figures else ():
        gemm = ceiling.gemm_of(result, row.record.case.dtype)
        matrix = row.facts.work is not None and row.facts.work.matrix
        if gemm and gemm.trusted_rate and matrix and row.trusted and row.tflops is not None:
            found.append((row, row.tflops * 1e12 / gemm.trusted_rate))
    return found


def _shares_header(result: Result) -> tuple[str, ...]:
    gemms = [ceiling.gemm_of(result, dtype) for dtype in DType]
    rates = ", ".join(
        f"{NAMES[one.record.name].removeprefix('GEMM ')} {_rate(one)}" for one in gemms if one
    )
    return ("Provider", "Case", "TFLOPS", f"Of the GEMM rate ({rates})")


def _share_row(row: Figure, share: float) -> tuple[str, ...]:
    rate = fmt.scaled(row.tflops, row.summary) if row.summary and row.tflops else fmt.NONE
    return (row.record.provider, row.record.case.label, rate, fmt.percent(share))


def _beside(result: Result, shares: Sequence[tuple[Figure, float]]) -> str:
    """The sentence that sets the operator beside GEMM; ours if it was timed, else the best."""
    title = result.operator.title or "attention"
    name = title[:1].upper() + title[1:]
    if not shares:
        timed = any(record.samples_us for record in result.bench)
        why = "no GEMM of its element type was measured" if timed else f"no {title} was timed"
        works = [one.work for one in result.cases if one.work]
        if works and not any(work.matrix for work in works):
            why = "it multiplies no matrices"
        elif timed and not on_gpu(result):
            why = "a CPU's ceilings are for orientation"
        return f"{name} beside GEMM: not compared, as {why}."
    ours = [share for share in shares if share[0].record.provider == result.operator.ours]
    row, share = max(ours or shares, key=lambda pair: pair[1])
    return (
        f"{name} reaches {fmt.percent(share)} of the GEMM rate measured in this run "
        f"at best: {row.record.provider} on {row.record.case.label}."
    )


def _notes(result: Result, measured: Sequence[Ceiling], sheets: Sequence[Sheet]) -> tuple[str, ...]:
    notes = []
    states = [state for one in measured for state in (one.record.before, one.record.after) if state]
    held = sorted({reason for s in states for reason in holding(s.throttle_reasons or ())})
    if held:
        notes.append(f"The GPU held its clocks back while ceilings were taken: {', '.join(held)}.")
    others = max((state.other_processes or 0 for state in states), default=0)
    if others:
        notes.append(f"Up to {others} other processes used the GPU meanwhile.")
    more = sum(max(0, len(sheet.rows) - cutlass.ROWS_SHOWN) for sheet in sheets)
    if more:
        notes.append(f"{fmt.count(more, 'slower kernel')} of the profiler are not shown.")
    if result.cutlass is not None and result.cutlass.program:
        notes.append(
            f"CUTLASS profiler: {result.cutlass.program}; its CSV files and output are "
            "among the run's artifacts. The profiler counts 2·M·N·(K + 1) operations."
        )
    return tuple(notes)


def _summary(view: CeilingsView) -> str:
    return f"Ceilings: {view.headline}"


def _answers(page: Page) -> bool:
    return page.result is not None and page.result.request.ceilings.required


SECTION = Section(
    75, lambda page: ceilings(page.result, page.figures, page.sheets), _summary, answers=_answers
)
