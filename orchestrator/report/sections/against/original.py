"""Results beside what was published before."""

from __future__ import annotations

from orchestrator.report.baselines import Baseline, BaselineRow, published
from orchestrator.report.families import sweep
from orchestrator.report.figures import Figure, Figures
from orchestrator.report.section import Page, Section
from orchestrator.report.view.sections import OriginalView
from orchestrator.report.view.tables import Table
from orchestrator.report.wording import format as fmt
from remote_payload.contract.facts import OperatorFacts
from remote_payload.operators import registry


def beside_original(figures: Figures | None) -> tuple[OriginalView, ...]:
    """What was published before beside ours; a ratio only where machine and software are the
    same."""
    operator = figures.result.operator if figures else registry.find(registry.DEFAULT).facts
    return tuple(_beside(figures, base, operator) for base in published(operator.name))


def _beside(figures: Figures | None, base: Baseline, operator: OperatorFacts) -> OriginalView:
    machine = figures.result.machine if figures else None
    same = base.same_machine(machine) and figures is not None and figures.on_gpu
    if same:
        note = (
            "Same GPU model and torch version: the ratio column compares medians; "
            "the original has no interval, so there is no verdict."
        )
    elif base.same_gpu(machine) and machine is not None:
        note = (
            f"Different software (torch {machine.torch or 'unknown'} here, {base.torch} there): "
            "no ratio is computed."
        )
    else:
        gpu = (machine.gpu or "no GPU") if machine else "unknown"
        note = f"Different machine ({gpu} here, {base.gpu} there): no ratio is computed."
    providers = _providers(figures, base)
    along, unit = sweep((row.case for row in base.rows), operator), operator.unit
    ratios = tuple(f"{name} / original" for name in providers) if same else ()
    here = (f"{name} here, {unit}" for name in providers)
    header = (along.name.capitalize(), f"Original {unit}", *here, *ratios)
    rows = tuple(
        (str(along.value(row.case)), *_original_row(row, base, figures, providers, same))
        for row in base.rows
    )
    provenance = f"{base.provenance}; {base.method_note}"
    return OriginalView(base.name, provenance, note, Table(header, rows))


def _providers(figures: Figures | None, base: Baseline) -> tuple[str, ...]:
    cases = [row.case for row in base.rows]
    rows = figures.of_method(base.method) if figures else ()
    timed = [r for r in rows if r.record.case in cases and r.trusted]
    return tuple(dict.fromkeys(row.record.provider for row in timed))


def _original_row(
    row: BaselineRow,
    base: Baseline,
    figures: Figures | None,
    providers: tuple[str, ...],
    same: bool,
) -> tuple[str, ...]:
    cells, ratios = [], []
    for provider in providers:
        found = _figure(figures, provider, base, row)
        summary = found.trusted if found else None
        cells.append(fmt.in_unit(summary, found.facts) if found else fmt.NONE)
        if same:
            in_unit = summary.median_us / found.facts.per if found and summary else None
            ratio = fmt.rounded(in_unit / row.unit_us, None) if in_unit else None
            ratios.append(f"{ratio}×" if ratio else fmt.NONE)
    return (f"{row.unit_us:.3f}", *cells, *ratios)


def _figure(
    figures: Figures | None, provider: str, base: Baseline, row: BaselineRow
) -> Figure | None:
    for figure in figures.of_method(base.method) if figures else ():
        if (figure.record.provider, figure.record.case) == (provider, row.case):
            return figure
    return None


def _views(page: Page) -> tuple[OriginalView, ...]:
    """Where something was timed, also on another machine: it is what there is to beat."""
    return beside_original(page.figures) if page.figures and page.figures.rows else ()


def _summary(view: OriginalView) -> str:
    return f"Beside the original report: {view.name}"


SECTION = Section(155, _views, _summary)
