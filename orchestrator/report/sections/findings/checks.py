"""Who was right."""

from __future__ import annotations

from orchestrator.report.first.headline import failed_case
from orchestrator.report.section import Page, Section
from orchestrator.report.view.sections import ChecksView
from orchestrator.report.view.tables import Table
from orchestrator.report.wording import allowed
from orchestrator.report.wording import format as fmt
from remote_payload.contract.records import CheckRecord
from remote_payload.contract.result import Result
from remote_payload.contract.words import Stage, Status

_CHECKS_HEADER = (
    "Provider",
    "Implementation",
    "Case",
    "Status",
    "Max abs error",
    "Max rel error",
    "Outside tolerance",
    "NaN / inf",
    "Same bits twice",
)


def checks(result: Result | None) -> ChecksView:
    """One row for each provider and case."""
    records = result.checks if result else ()
    failures = [c for c in records if c.status in (Status.FAILED, Status.TIMEOUT)]
    header: tuple[str, ...] = _CHECKS_HEADER
    rows = tuple(_check(record) for record in records)
    if any(allowed.has_share(record) for record in records):
        header = (*header, allowed.HEADER)
        rows = tuple(
            (*row, allowed.share(record)) for row, record in zip(rows, records, strict=True)
        )
    for by in dict.fromkeys(one.ruling.by for one in records if one.ruling):
        header = (*header, f"By the rule of {by}, which decides")
        rows = tuple((*row, _ruling(one, by)) for row, one in zip(rows, records, strict=True))
    return ChecksView(
        bool(records),
        Table(header, rows),
        tuple(failed_case(record) for record in failures),
    )


def _ruling(record: CheckRecord, by: str) -> str:
    """What a problem's own judge says."""
    ruling = record.ruling
    if ruling is None or ruling.by != by:
        return fmt.NONE
    said = "right" if ruling.right else "wrong"
    return f"{said}: {ruling.words}" if ruling.words else said


def _check(record: CheckRecord) -> tuple[str, ...]:
    error = record.error
    same = {True: "yes", False: "no", None: fmt.NONE}[record.deterministic]
    name = f"{record.provider} (emulated)" if record.emulated else record.provider
    head = (name, record.implementation or fmt.NONE, record.case.label)
    if error is None:
        return (*head, record.status.value, *(fmt.NONE,) * 4, same)
    return (
        *head,
        record.status.value,
        fmt.error(error.max_abs),
        fmt.error(error.max_rel),
        f"{error.mismatches} of {error.elements}",
        f"{error.nan} / {error.inf}",
        same,
    )


def _views(page: Page) -> tuple[ChecksView, ...]:
    view = checks(page.result)
    return (view,) if view.done else ()


def _summary(view: ChecksView) -> str:
    status = _CHECKS_HEADER.index("Status")
    told = [row[status] for row in view.table.rows]
    return f"Correctness: {', '.join(f'{told.count(one)} {one}' for one in dict.fromkeys(told))}"


def _answers(page: Page) -> bool:
    """Where something is wrong, or nothing was to be timed."""
    result = page.result
    if result is None:
        return False
    wrong = any(one.status in (Status.FAILED, Status.TIMEOUT) for one in result.checks)
    return wrong or Stage.BENCH not in result.request.stages


SECTION = Section(20, _views, _summary, answers=_answers)
