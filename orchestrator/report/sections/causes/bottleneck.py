"""The section "What holds it back": findings on each provider at the case that tells most."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from orchestrator.performance.bottleneck.evidence import (
    CallEvidence,
    Evidence,
    Finding,
    Limit,
    figure,
)
from orchestrator.performance.bottleneck.own_rule import beside
from orchestrator.performance.bottleneck.rules import bottleneck
from orchestrator.performance.roofline import roofs
from orchestrator.readers.ptxas import short_name
from orchestrator.report.charts.drawing import Chart
from orchestrator.report.charts.floors import floors
from orchestrator.report.figures import Figure, Figures
from orchestrator.report.insight import Insight, row_of, said_of, telling
from orchestrator.report.section import Page, Section
from orchestrator.report.subject import subjects
from orchestrator.report.traced import Traced, traced
from orchestrator.report.view.sections import HeldBackSectionView, HeldBackView
from orchestrator.report.wording import format as fmt
from remote_payload.contract.case import Case
from remote_payload.contract.result import Result

_SERIALISED = "serialized"
_TOLD = 3  # remarks that one line bears


def held_back(figures: Figures | None, insight: Insight) -> tuple[HeldBackView, ...]:
    """One view for each provider; none on a CPU, whose kernels no rule here is about."""
    if figures is None or not figures.on_gpu:
        return ()
    case = telling(figures, insight)
    if case is None:
        return ()
    known = _providers(figures, insight, case)
    told = _first(known, figures)
    views = (_view(name, case, figures, insight, is_told=name == told) for name in known)
    return tuple(one for one in views if one.verdict or one.remarks)


def in_words(page: Page) -> str:
    """What holds the first of those back whom the run is about, in a line; empty where no rule here
    is about what was timed."""
    figures, insight = page.figures, page.insight
    case = telling(figures, insight) if figures and figures.on_gpu else None
    if figures is None or case is None:
        return ""
    known = _providers(figures, insight, case)
    name = _first(known, figures)
    if name is None:
        return ""
    # The title speaks of a subject, so that only another has to be named.
    who = "" if name in subjects(figures.result, known) else f"{name}: "
    found = bottleneck(evidence(name, case, figures, insight))
    told = list(_brief(found.remarks[:_TOLD]))
    if found.limits != (Limit.UNDETERMINED,):
        return who + "; ".join([found.verdict.words, *told])
    near = [one for one in found.verdict.evidence if one.key.startswith("roof_")][:1]
    shares = [f"{fmt.percent(one.value / 100)} of the {one.title}" for one in near]
    return who + "; ".join((*told, ", ".join(("not decided without counters", *shares))))


def evidence(provider: str, case: Case, figures: Figures, insight: Insight) -> tuple[Evidence, ...]:
    """All that is known of a provider on a case; counters come first and outweigh the rest."""
    call = _call(provider, case, insight)
    run = traced(figures.result, provider, case)
    return (
        *(call.items if call else ()),
        *(_of_trace(run) if run else ()),
        *(_of_build(figures.result, run) if provider == figures.result.operator.ours else ()),
        *_of_model(figures, row_of(figures, provider, case)),
    )


def _providers(figures: Figures, insight: Insight, case: Case) -> tuple[str, ...]:
    named = [call.provider for call in insight.calls if call.case == case]
    named += [r.record.provider for r in figures.rows if r.trusted and r.record.case == case]
    named += [record.provider for record in figures.result.traces if record.case == case]
    return tuple(dict.fromkeys(named))


def _brief(findings: Sequence[Finding]) -> Iterator[str]:
    """Without what a finding explains, with its figures and where they are from, which is named
    once where it is the same."""
    known = ""
    for one in findings:
        shown = [figure(each.value, each.unit) for each in one.evidence if each.unit]
        for source in dict.fromkeys(each.source for each in one.evidence):
            new = source.removeprefix(known).lstrip(": ") if known else source
            shown += [new] if new else []
            known = source
        text = one.text.partition(":")[0]
        yield f"{text} ({', '.join(shown)})" if shown else text


def _first(known: tuple[str, ...], figures: Figures) -> str | None:
    """Of whom the first page tells."""
    return next(iter((*subjects(figures.result, known), *known)), None)


def _view(
    provider: str, case: Case, figures: Figures, insight: Insight, is_told: bool
) -> HeldBackView:
    """is_told: of it only what the first page does not say already."""
    found = bottleneck(evidence(provider, case, figures, insight))
    remarks = found.remarks[_TOLD:] if is_told else found.remarks
    decided = found.limits != (Limit.UNDETERMINED,)
    call = _call(provider, case, insight)
    own = beside(found.limits, call.own_rules) if call else ()
    return HeldBackView(
        case=f"{provider} on {case.label}",
        verdict="" if is_told and decided else found.verdict.words,
        remarks=(*own, *(one.words for one in remarks), *found.unused),
    )


def _call(provider: str, case: Case, insight: Insight) -> CallEvidence | None:
    return next((c for c in insight.calls if (c.provider, c.case) == (provider, case)), None)


def _of_trace(run: Traced) -> list[Evidence]:
    source = "CUPTI through torch.profiler"
    found = [Evidence("duration", "kernel time", run.call_us, "µs", source)]
    longest = run.longest
    name = short_name(longest.kernel.name)
    if longest.spread is not None:
        share = longest.spread.percent
        found.append(Evidence("wave_fill", "slots in use", share, "%", f"computed, {name}"))
        count = longest.spread.count
        found.append(Evidence("waves", "waves", count, "", "grid / (SMs · blocks per SM)"))
    if longest.resident is not None:
        share = longest.resident.percent
        source = f"computed; limited by {longest.resident.limited_by}"
        found.append(Evidence("occupancy_limit", "occupancy possible", share, "%", source))
    return found


def _of_build(result: Result, run: Traced | None) -> list[Evidence]:
    """What the compiler said of the kernel that ran, if it is known which one did."""
    kernels, notices = said_of(result, run)
    if len(kernels) != 1:
        return []
    kernel = kernels[0]
    spilled = kernel.spill_store_bytes + kernel.spill_load_bytes
    # By the whole name: kernels for other types, or with more arguments, share the short one.
    serial = [one for one in notices if _SERIALISED in one.text and one.mangled == kernel.mangled]
    codes = ", ".join(dict.fromkeys(one.code for one in serial))
    source = f"ptxas, {kernel.name}"
    return [
        Evidence("spill_bytes", "spill stores and loads", spilled, "byte", source),
        Evidence(
            "serialised", "notices", len(serial), "", f"{source}: {codes}" if codes else source
        ),
    ]


def _of_model(figures: Figures, row: Figure | None) -> list[Evidence]:
    if row is None or row.summary is None or figures.device is None:
        return []
    record = row.record
    source = f"model, over the median by {record.method.value}"
    return [
        Evidence(
            f"roof_{roof.resource.value}",
            f"{roof.resource.value} roof",
            roof.percent(row.summary.median_us),
            "%",
            source,
        )
        for roof in roofs(row.facts, figures.device, record.method)
    ]


def _views(page: Page) -> tuple[HeldBackSectionView, ...]:
    cases = held_back(page.figures, page.insight)
    if not cases:
        return ()
    return (HeldBackSectionView(cases, tuple(page.shown(chart) for chart in _floors(page))),)


def _floors(page: Page) -> tuple[Chart, ...]:
    return floors(page.figures, page.insight)


def _summary(view: HeldBackSectionView) -> str:
    return "What holds it back"


SECTION = Section(30, _views, _summary, _floors, answers=lambda page: True)
