"""Which timings may be passed on as figures, and why the others may not."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from orchestrator.report.figures import Figure, Figures
from orchestrator.report.wording import format as fmt
from remote_payload.contract.result import Result
from remote_payload.contract.words import Status


def trusted(figures: Figures | None) -> tuple[Figure, ...]:
    """Those that were timed whole, of outputs that passed, and that nothing refutes."""
    return tuple(row for row in _rows(figures) if not why_not(row, figures))


def why_not(row: Figure, figures: Figures | None) -> str:
    """Why a timing carries no value outside a report; empty where it does."""
    record = row.record
    if figures is None or not _passed(row, figures.result):
        return "its check did not pass"
    if row.refuted:
        return "a measurement error refutes it"
    if record.status is not Status.OK:
        return f"partial: {record.status.value}"
    return "" if row.summary else "its samples are unusable"


def left_out(*of: Figures | None) -> str:
    """How many timings are not passed on and why, in a sentence; empty where all are."""
    reasons = [why_not(row, figures) for figures in of for row in _rows(figures)]
    counted = Counter(filter(None, reasons))
    if not counted:
        return ""
    told = "; ".join(f"{number}: {reason}" for reason, number in counted.items())
    number = fmt.count(counted.total(), "timing")
    return f"{number} of {len(reasons)} left out ({told})"


def _passed(row: Figure, result: Result) -> bool:
    mine = (row.record.provider, row.record.case)
    checks = [one for one in result.checks if (one.provider, one.case) == mine]
    return bool(checks) and all(one.status is Status.OK for one in checks)


def _rows(figures: Figures | None) -> Iterable[Figure]:
    return figures.rows if figures else ()
