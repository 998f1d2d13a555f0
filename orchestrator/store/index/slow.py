"""What a run came to, found by reading all of it: for those whose card does not tell."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from orchestrator.errors import RunError
from orchestrator.store.index.quick import ROW_FIELDS, Known
from orchestrator.store.runs.run_store import RESULT, RunStore
from orchestrator.values.kept.summary import Summary
from orchestrator.values.run import Run


def known(runs: RunStore, folder: Path, summarised: Callable[[Run], Summary]) -> Known:
    """summarised: what a run came to whose card does not say so, or not of this result."""
    try:
        run = runs.load(folder)
    except RunError as exc:
        # The row names the run already; what is beside it, nobody has to know.
        return Known("damaged", exc.message.replace(f"{folder}/", "").partition("\n")[0])
    changed = "; ".join(f"{one.path} {one.how}" for one in run.changed)
    if run.altered and (run.result or run.end):
        return Known("changed", "; ".join(f"{one.path} {one.how}" for one in run.altered), changed)
    if run.result is None and run.end is None:
        return Known("pending", "", changed)
    summary = _own(run) or summarised(run)
    rows = tuple(tuple(getattr(row, name) for name in ROW_FIELDS) for row in summary.rows)
    return Known(
        summary.status,
        summary.reason,
        changed,
        summary.verdict,
        summary.machine,
        summary.gpu,
        rows,
    )


def _own(run: Run) -> Summary | None:
    """What the card says, if it says it of this result."""
    said, bound = run.card.summary, {one.path: one.sha256 for one in run.card.files}
    return said if said and said.result_sha256 == bound.get(RESULT, "") else None
