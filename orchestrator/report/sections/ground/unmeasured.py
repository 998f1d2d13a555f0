"""What a reader might look for in vain."""

from __future__ import annotations

import re

from orchestrator.report.figures import Figures
from orchestrator.report.section import Page, Section
from orchestrator.report.view.sections import NO_COUNTERS, CountersView, UnmeasuredView
from remote_payload.contract.records import BenchRecord, CheckRecord
from remote_payload.contract.result import Result
from remote_payload.contract.words import Stage, Status
from remote_payload.stages import declaration

_NAMED = 4


def unmeasured(
    result: Result | None, figures: Figures | None, counters: CountersView = NO_COUNTERS
) -> tuple[str, ...]:
    """Everything a reader might look for in vain, with the reason."""
    if result is None or figures is None:
        return ("Everything: no result came back.",)
    lines = [f"{what}: {', '.join(cases)}" for what, cases in _left_out(result).items()]
    ran = {stage.stage for stage in result.stages}
    lines += [f"Stage {s.value}: not reached." for s in result.request.stages if s not in ran]
    lines += [
        f"Stage {one.stage.value}: not asked for."
        for one in declaration.every()
        if one.expected and one.stage not in result.request.stages
        if result.operator.library or not one.kernel
    ]
    if figures.rows and figures.device is None:
        lines.append("Share of a roof: no roof is known for this machine.")
    if figures.rows and any(noise is None for _, noise in figures.noise):
        lines.append("Noise floor of every method: an A/A control is missing or too short.")
    lines += _unwatched(result)
    return (*lines, *_uncounted(result, counters))


def _uncounted(result: Result, counters: CountersView) -> list[str]:
    """Why there are no counters though somebody asked for them, here or at another host."""
    if counters.missing:
        return [f"Hardware counters: {counters.missing}."]
    return [
        f"Hardware counters: {stage.reason}"
        for stage in result.stages
        if stage.stage is Stage.NCU and stage.status is not Status.OK
    ]


def _unwatched(result: Result) -> list[str]:
    """Races of which nobody knows what the machine did meanwhile."""
    timed = {(r.case, r.method) for r in result.bench if r.status is Status.OK}
    missing = timed - {(one.case, one.method) for one in result.watched}
    if not missing:
        return []
    some = "the races" if len(missing) == len(timed) else f"{len(missing)} of {len(timed)} races"
    return [f"What the machine did during {some}: nobody watched it."]


def _left_out(result: Result) -> dict[str, list[str]]:
    """Reason → providers and cases it kept from running."""
    kept: dict[str, list[str]] = {}
    records: list[CheckRecord | BenchRecord] = [*result.checks, *result.bench]
    for record in records:
        if record.status is Status.OK and not getattr(record, "emulated", False):
            continue
        if isinstance(record, CheckRecord) and record.error is not None and not record.emulated:
            continue  # it was measured, and is wrong: Correctness says how
        kind = "Check" if isinstance(record, CheckRecord) else "Timing"
        what = f"{kind} {record.status.value} ({record.reason or 'no reason given'})"
        if record.status is Status.OK:
            what = "Never timed, only checked (emulated on the CPU)"
        case = f"{record.provider} on {record.case.label}"
        if isinstance(record, BenchRecord):
            case += f", {record.method.value}"
        cases = kept.setdefault(what, [])
        if case not in cases:
            cases.append(case)
    return kept


def _views(page: Page) -> tuple[UnmeasuredView, ...]:
    lines = unmeasured(page.result, page.figures, page.counters)
    return (UnmeasuredView(lines),) if lines else ()


def _summary(view: UnmeasuredView) -> str:
    """What it is about, without the reasons, as far as one line bears."""
    found = (re.split(r"[:(]", line, maxsplit=1)[0].strip().rstrip(".") for line in view.lines)
    about = list(dict.fromkeys(f"{one[:1].lower()}{one[1:]}" for one in found))
    more = [f"{len(about) - _NAMED} more"] if len(about) > _NAMED else []
    return f"Not measured: {'; '.join([*about[:_NAMED], *more])}"


SECTION = Section(120, _views, _summary)
