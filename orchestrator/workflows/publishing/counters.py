"""From the artifacts of the ncu stage to the report's section on counters; offline."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from orchestrator.errors import UsageError
from orchestrator.ncu.evidence import of_call
from orchestrator.ncu.findings import own_rules
from orchestrator.ncu.states import blank, untold
from orchestrator.ncu.wording import readable
from orchestrator.performance.bottleneck.evidence import CallEvidence
from orchestrator.readers.ncu.capture import Captures
from orchestrator.readers.ncu.outcome import Cause, Outcome, classify
from orchestrator.readers.ncu.quantities.combine import combine
from orchestrator.readers.ncu.quantities.metrics import QUANTITIES
from orchestrator.readers.ncu.read import read_file
from orchestrator.readers.ncu.version import find_version
from orchestrator.report.folder import not_what_came
from orchestrator.report.view.sections import NO_COUNTERS, CountersView
from orchestrator.report.view.tables import Table
from orchestrator.store.runs import binding
from orchestrator.store.runs.run_store import CARD, LENT, RESULT, RunStore
from orchestrator.values.run import Changed, Run
from remote_payload.contract.case import Case
from remote_payload.contract.records import NcuRecord, NcuReport
from remote_payload.contract.request import Request
from remote_payload.contract.words import Stage, Status

NONE = "—"
# What a table of providers has room for; import-ncu shows the rest.
_COLUMNS = (
    ("Tensor pipe active", "tensor_pipe"),
    ("XU pipe (exp) active", "exp_pipe"),
    ("DRAM, of peak", "dram"),
    ("DRAM read", "dram_read"),
    ("DRAM written", "dram_written"),
    ("L2 hit rate", "l2_hit"),
    ("Occupancy", "occupancy"),
    ("Registers", "registers"),
    ("SM clock under ncu", "sm_clock"),
)
_SAID_SHOWN = 8
# What ncu's log of an attempt says of no cause.
_UNCLASSED = (Cause.NO_ROWS, Cause.WRITTEN_ELSEWHERE, Cause.UNKNOWN_ERROR)


@dataclass(frozen=True)
class _Case:
    """One profiled call as it stands now: its record, its counters if any, and the judgement.

    unread: why the raw page, though it is there, gave nothing.
    """

    record: NcuRecord
    held: Captures | None
    outcome: Outcome
    unread: str = ""

    @property
    def name(self) -> str:
        return f"{self.record.provider} on {self.record.case.label}"


@dataclass(frozen=True)
class Profiled:
    """Everything ncu left of a run, read once for all sections of its report.

    run: whose cases these are; beside: the run that borrowed them, if another did.
    """

    run: Run
    cases: tuple[_Case, ...]
    beside: Run | None = None


def profiled(run: Run, folder: Path) -> Profiled:
    """Read the copies of what ncu left in the run's folder, or in that of the run it borrowed."""
    if not (folder / LENT / CARD).is_file():
        return Profiled(run, _cases(run, folder))
    lent = binding.examined(RunStore(folder).load(folder / LENT), folder / LENT)
    if run.has_changed(f"{LENT}/{CARD}"):
        lent = replace(lent, changed=(*lent.changed, Changed(RESULT, "is not what was lent")))
    return Profiled(lent, _cases(lent, folder / LENT), run)


def counters(held: Profiled) -> CountersView:
    """What the counters of a run say, in words."""
    if held.beside is None:
        return _own(held)
    where = f"run {held.run.card.run_id} on {held.run.card.host}"
    if difference := _difference(held.beside, held.run):
        return _without(f"{where} does not fit this one: {difference}")
    view = _own(held)
    headline = f"{view.headline} Taken on another machine: {where}."
    missing = view.missing and f"{view.missing}, on another machine: {where}"
    return replace(view, headline=headline, missing=missing)


def calls(held: Profiled) -> tuple[CallEvidence, ...]:
    """What the counters prove of each call that was profiled well."""
    if held.beside is not None and _difference(held.beside, held.run):
        return ()
    return tuple(
        CallEvidence(
            case.record.provider,
            case.record.case,
            of_call(case.held.kernels, _traffic_bytes(held.run, case.record.case)),
            own_rules(case.held.kernels),
        )
        for case in held.cases
        if case.held and case.outcome.ok
    )


def _traffic_bytes(run: Run, case: Case) -> int:
    work = run.result.facts(case).work if run.result else None
    return work.traffic_bytes if work else 0


def _cases(run: Run, folder: Path) -> tuple[_Case, ...]:
    result = run.result
    if result is None or result.ncu is None or Stage.NCU not in result.request.stages:
        return ()
    return tuple(_read(record, run, result.request, folder) for record in result.ncu.records)


def _difference(run: Run, lent: Run) -> str:
    """Why counters of `lent` say nothing of `run`; empty if they do."""
    if lent.altered:
        return not_what_came(lent)
    here, there = (one.result.machine if one.result else None for one in (run, lent))
    if here is None or there is None:
        return f"no machine is known of the run {'here' if here is None else 'there'}"
    if here.gpu is None or here.gpu != there.gpu:
        return f"{there.gpu or 'no GPU'} there, {here.gpu or 'no GPU'} here"
    if run.card.snapshot != lent.card.snapshot:
        return "the sources had changed in between"
    return ""


def _own(held: Profiled) -> CountersView:
    result = held.run.result
    if result is None:
        return _without("no result came back")
    if Stage.NCU not in result.request.stages:
        return NO_COUNTERS
    if result.ncu is None or not result.ncu.records:
        stage = next((one for one in result.stages if one.stage is Stage.NCU), None)
        reason = result.reason if result.unfit else stage.reason if stage else ""
        why = reason or "the run ended before it came to that"
        return _without(why.rstrip("."))
    good = [case for case in held.cases if case.outcome.ok]
    bad = [case for case in held.cases if not case.outcome.ok]
    lines = dict.fromkeys(line for case in bad for line in case.outcome.lines)
    missing = "" if good else _missing(bad)
    return CountersView(
        complete=not bad,
        headline=_not_measured(missing) if missing else _headline(good, bad),
        table=Table(
            ("Provider", "Case", "Kernels", *(title for title, _ in _COLUMNS)),
            tuple(_row(case) for case in good),
        ),
        failures=_failures(bad),
        said=tuple(lines)[:_SAID_SHOWN],
        notes=_notes(result.ncu, result.request, held.run.card.run_id, good),
        missing=missing,
    )


def _without(why: str) -> CountersView:
    return replace(NO_COUNTERS, headline=_not_measured(why), missing=why)


def _not_measured(why: str) -> str:
    return f"Not measured: {why}."


def _read(record: NcuRecord, run: Run, request: Request, folder: Path) -> _Case:
    changed = [PurePosixPath(name).name for name in record.artifacts if run.has_changed(name)]
    held, unread = None, f"not what came home: {', '.join(changed)}" if changed else ""
    page, log = _artifact(record, run, folder, ".csv"), _artifact(record, run, folder, ".txt")
    if page is not None:
        try:
            held = read_file(page).captures
        except UsageError as exc:
            unread = exc.message.replace(str(page), page.name)
    text = log.read_text("utf-8", "replace") if log is not None else record.output_end
    said = "\n".join((*record.said, text))
    outcome = classify(
        record.exit_code,
        said,
        "",
        held.kernels if held else (),
        requested=request.ncu.metrics if "--metrics" in record.command else (),
        timed_out=record.status is Status.TIMEOUT,
    )
    return _Case(record, held, outcome, unread)


def _artifact(record: NcuRecord, run: Run, folder: Path, suffix: str) -> Path | None:
    for name in record.artifacts:
        path = folder / name
        if run.has_changed(name):
            continue
        if name.endswith(suffix) and path.is_file() and folder.resolve() in path.resolve().parents:
            return path
    return None


def _headline(good: list[_Case], bad: list[_Case]) -> str:
    total = len(good) + len(bad)
    cases = f"{total} profiled call{'s' if total != 1 else ''}"
    return f"Counters of {cases}." if not bad else f"Counters of {len(good)} of {cases}."


def _missing(bad: list[_Case]) -> str:
    """Why no call gave counters."""
    causes = dict.fromkeys(_cause(case) for case in bad if _tried(case))
    return ", ".join(causes) or "nothing was tried"


def _tried(case: _Case) -> bool:
    return case.record.status is not Status.SKIPPED


def _cause(case: _Case) -> str:
    """The class of what went wrong, or the plain reason where there is no class."""
    return case.outcome.cause.value if _is_classed(case) else case.record.reason or case.unread


def _is_classed(case: _Case) -> bool:
    known = case.outcome.cause not in _UNCLASSED
    return _tried(case) and (known or not (case.record.reason or case.unread))


def _row(case: _Case) -> tuple[str, ...]:
    record = case.record
    kernels = case.held.kernels if case.held else ()
    return (
        record.provider,
        record.case.label,
        str(sum(kernel.launches for kernel in kernels)),
        *(_cell(case, QUANTITIES[key].unit, key) for _, key in _COLUMNS),
    )


def _cell(case: _Case, unit: str, key: str) -> str:
    kernels = case.held.kernels if case.held else ()
    value = combine(kernels, QUANTITIES[key]).value
    if value is None:
        return blank(kernels, QUANTITIES[key])
    return readable(value, unit.partition("/")[0])


def _failures(bad: list[_Case]) -> tuple[str, ...]:
    """Each reason once, with the calls it is for and what to do."""
    found: dict[tuple[str, str], list[str]] = {}
    for case in bad:
        advice = case.outcome.advice if _is_classed(case) else ""
        found.setdefault((_cause(case), advice), []).append(case.name)
    return tuple(
        f"{cause[:1].upper()}{cause[1:].rstrip('.')}: {', '.join(names)}. {advice}".rstrip()
        for (cause, advice), names in found.items()
    )


def _notes(report: NcuReport, request: Request, run_id: str, good: list[_Case]) -> tuple[str, ...]:
    version = find_version(report.version)
    files = f"runs/{run_id}/artifacts/ncu/"
    if not good:
        return (f"What ncu printed is kept in {files}",)
    notes = [
        f"Nsight Compute {version or 'of unknown version'}, {request.ncu.depth.value} collection; "
        "one call of each, warmed up, inside an NVTX range, in a process of its own; clocks and "
        "caches as they are. Times under ncu are no benchmark, so none is shown.",
        f"{NONE} means not measured, or not to be put together from several kernels.",
        f"Reports, raw pages and logs: {files}; every counter of one call: "
        f"orchestrator import-ncu {files}NAME.csv",
    ]
    for case in good:
        notes += [f"{case.name}: {doubt}." for doubt in (case.held.doubts if case.held else ())]
        unclear = untold(case.held.kernels if case.held else ()).not_understood
        notes += [f"{case.name}: there, but not understood: {one}." for one in unclear]
        if case.outcome.missing:
            notes.append(f"{case.name}: asked for, no number: {', '.join(case.outcome.missing)}.")
    return tuple(notes)
