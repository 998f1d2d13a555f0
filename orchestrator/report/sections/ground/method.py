"""How numbers were taken, and how far they can be trusted."""

from __future__ import annotations

from orchestrator.performance.family import PROMISED_ERROR
from orchestrator.performance.objection import Severity
from orchestrator.report.figures import Figures
from orchestrator.report.section import Page, Section
from orchestrator.report.view.sections import MethodView
from orchestrator.report.wording import allowed
from orchestrator.report.wording import format as fmt
from orchestrator.report.wording.methods import way
from remote_payload.contract.result import Result
from remote_payload.contract.words import Method


def method(result: Result | None, figures: Figures | None) -> MethodView:
    """How numbers were taken and how far they can be trusted."""
    if result is None or figures is None:
        return MethodView(())
    notes = [
        *allowed.note(result),
        *(_how(method, figures) for method in figures.methods),
    ]
    if figures.methods:
        notes += [_noise(method, noise) for method, noise in figures.noise]
        notes += _judging(figures)
        notes.append(_roof_note(figures))
    notes += _cuts(result)
    doubts = [o for o in figures.objections if o.severity is not Severity.ERROR]
    notes += [f"{o.severity.value.capitalize()}: {o.about}: {o.text}." for o in doubts]
    return MethodView(tuple(notes))


def _judging(figures: Figures) -> list[str]:
    """By what intervals and verdicts hold."""
    timed = [row for row in figures.rows if row.summary is not None]
    counts = [row.summary.starts for row in timed if row.summary and row.summary.starts]
    notes = []
    if counts:
        few, many = min(counts), max(counts)
        family, precision = figures.terms.family, fmt.percent(figures.terms.precision)
        notes.append(
            f"Every provider, and the baseline once more, was timed in "
            f"{few if few == many else f'{few}–{many}'} starts of a process of its own, which race "
            "side by side in random order. What a start gave is condensed to one median; intervals "
            "are Student's t over the starts, of all or without the outermost fifth on either "
            "side, whichever is the narrower, around their geometric mean. Those of times hold "
            "with 95 %, each by itself; those of speed-ups hold with "
            f"{100 * (1 - PROMISED_ERROR):.0f} % for {fmt.count(family.rows, 'comparison')} and "
            f"{fmt.count(family.looks, 'look')} together. FASTER and SLOWER need one without 1, "
            f"SAME one that lies within ±{precision} or that holds 1 and is no wider than that."
        )
    if len(counts) < len(timed):
        notes.append(
            "Samples without starts came from one process each: their intervals are "
            "order-statistic intervals of the median (95 %, no distribution assumed) and hold "
            "within that start alone, so no verdict is given."
        )
    held = sum(len(row.record.held_back) for row in figures.rows)
    if held:
        notes.append(
            f"{fmt.count(held, 'sample')} taken while the GPU held its clocks back "
            f"{'is' if held == 1 else 'are'} left out."
        )
    return notes


def _cuts(result: Result) -> list[str]:
    """What was cut short: one note for each reason, with all that it cut."""
    found: dict[tuple[str, str, str], list[str]] = {}
    for cut in result.cuts:
        case = f"{cut.case}: {cut.what}" if cut.case else cut.what
        found.setdefault((cut.stage.value, cut.why, cut.option), []).append(case)
    return [
        f"Cut short, {stage}: {'; '.join(cases)}: as {why}; "
        f"{f'lifted by {option}' if option else 'no option lifts that'}."
        for (stage, why, option), cases in found.items()
    ]


def _how(method: Method, figures: Figures) -> str:
    taken = {(row.record.warmup, row.record.calls) for row in figures.of_method(method)}
    counts = "; ".join(
        f"{fmt.count(warmup, 'warm-up')}, {fmt.count(calls, 'call')} per sample"
        for warmup, calls in sorted(taken)
    )
    plan = figures.result.request.bench
    asked = (
        f"{fmt.count(plan.rounds, 'round')} in each of up to {max(plan.starts, default=1)} starts"
    )
    return f"Method {method.value}: {way(method, figures)}; {counts}; {asked} asked for."


def _noise(method: Method, noise: float | None) -> str:
    if noise is None:
        return f"Noise floor, {method.value}: unknown (no A/A control with starts)."
    return (
        f"Noise floor, {method.value}: up to {fmt.percent(noise)} (A/A: the same provider in two "
        "processes; where they are found to differ, nothing is decided on that case)."
    )


def _roof_note(figures: Figures) -> str:
    device = figures.device
    if device is None:
        return "No roof is known for this machine, so no share of a peak is given."
    works = [row.facts.work for row in figures.rows if row.facts.work]
    tensor, exp = any(w.matrix for w in works), any(w.exponentials for w in works)
    peaks = [f"{device.memory_gbs:g} GB/s"]
    refused = "a time in which the memory cannot move that is refused"
    if tensor:
        peaks.insert(0, f"{device.tensor_tflops:g} TFLOPS dense FP16 at {device.peak_mhz} MHz")
    if exp:
        at = "" if tensor else f" at {device.peak_mhz} MHz"
        peaks.append(f"{device.exponentials_per_clock} exponentials per clock and SM{at}")
    if tensor or exp:
        refused = (
            f"the clock may reach {device.max_mhz} MHz, and a time below that limit is refused"
        )
    return (
        f"Roofs of {device.model} ({device.source}): {', '.join(peaks)}; {refused}. "
        "The HBM roof counts inputs read and outputs written once; warm calls whose traffic "
        f"fits into the L2 cache ({device.l2_bytes >> 20} MiB) have none."
    )


def _views(page: Page) -> tuple[MethodView, ...]:
    view = method(page.result, page.figures)
    return (view,) if view.notes else ()


def _summary(view: MethodView) -> str:
    doubts = sum(note.startswith(f"{Severity.DOUBT.value.capitalize()}:") for note in view.notes)
    told = fmt.count(doubts, "doubt") if doubts else "no doubt"
    return f"Method: how figures were taken, and {told}"


SECTION = Section(140, _views, _summary)
