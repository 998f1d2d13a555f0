"""Runs of our own: each timing is a row with its raw samples, and what its report objects to."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from orchestrator.audit.values import Finding, Kind, Known, Row, Series, Sheet, Weight
from orchestrator.performance.objection import Severity, on_gpu
from orchestrator.performance.objections.every import objections
from orchestrator.store.runs import run_files
from orchestrator.store.runs.run_store import RunStore
from remote_payload.contract.records import BenchRecord
from remote_payload.contract.result import Result
from remote_payload.contract.words import Status

_WEIGHTS = {
    Severity.ERROR: Weight.CONTRADICTION,
    Severity.DOUBT: Weight.DOUBT,
    Severity.NOTE: Weight.NOTE,
}


def folder(path: Path) -> Sheet:
    """A run's folder. RunError as of every command that reads one."""
    run = RunStore(path.parent).load(path)
    if run.result is None:
        return Sheet(path.name, "a run of ours", (), skipped=("everything: it left no result",))
    return _sheet(path.name, "a run of ours", run.result)


def result_file(path: Path, name: str) -> Sheet:
    """A result.json alone, as it may be passed on. RunError as above."""
    sheet = _sheet(name, "a result of ours, without its run", run_files.result_at(path))
    return replace(sheet, skipped=("request, log and card: the folder of the run is not here",))


def _sheet(name: str, form: str, result: Result) -> Sheet:
    rows = tuple(_rows(result))
    meanings = (("bench", "raw samples of each timing"), ("cases", "the work of each case"))
    return Sheet(name, form, rows, meanings, given=tuple(_given(result)))


def _rows(result: Result) -> Iterator[Row]:
    gpu = (result.machine.gpu or "") if result.machine and on_gpu(result) else ""
    for number, record in enumerate(result.bench):
        if record.status is Status.OK and record.samples_us:
            yield _row(record, result, f"bench[{number}]", gpu)


def _row(record: BenchRecord, result: Result, place: str, gpu: str) -> Row:
    facts = result.facts(record.case)
    missing = () if facts.work else ("what the operator says of its work",)
    name = f"{record.provider}{' (control)' if record.control else ''}"
    same = (("case", record.case.label), ("method", record.method.value))
    return Row(
        place=place,
        label=f"{name}, {record.case.label}, {record.method.value}",
        provider=name,
        apart=(*same, ("provider", name)),
        same=same,
        figures=(),
        series=(Series("samples_us", "", record.samples_us),),
        boasts=(),
        known=Known(record.case, facts, missing),
        gpu=gpu,
    )


def _given(result: Result) -> Iterator[Finding]:
    for one in objections(result):
        weight = _WEIGHTS[one.severity]
        yield Finding(Kind.REFUSED, weight, one.severity.value, one.about, one.text)
    passed = {(one.provider, one.case) for one in result.checks if one.status is Status.OK}
    for record in result.bench:
        if record.samples_us and (record.provider, record.case) in passed:
            title = "timed after a passed check, with its raw samples"
            yield Finding(Kind.REFUSED, Weight.HELD, title)
    if result.status is not Status.OK:
        text = f"{result.status.value}: {result.reason or 'no reason given'}"
        yield Finding(Kind.REFUSED, Weight.DOUBT, "a run that did not end well", "the run", text)
