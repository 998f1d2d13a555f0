"""After a compile that missed a file: whether that file is here, and why it did not travel."""

from __future__ import annotations

from pathlib import Path

from orchestrator.model.run import Run
from orchestrator.store import left_out, sources
from orchestrator.workflows.plan import Plan
from remote_payload.contract import Status


def left_at_home(root: Path, plan: Plan, run: Run) -> tuple[str, ...]:
    """One sentence for each file that the compiler missed and that lies in this project."""
    report = run.result.build if run.result else None
    if report is None or report.status is not Status.FAILED:
        return ()
    logs = [one.log for one in report.compilations if one.status is Status.FAILED]
    names = dict.fromkeys(name for log in logs for name in left_out.missed(log))
    if not names:
        return ()
    scan = sources.scan(root, extra=plan.extra)
    found = (left_out.stays_at_home(scan, name) for name in names)
    return tuple(dict.fromkeys(filter(None, found)))
