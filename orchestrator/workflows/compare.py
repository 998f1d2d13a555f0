"""From two stored runs to their comparison; offline."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from orchestrator.errors import RunError, UsageError
from orchestrator.model.run import Run
from orchestrator.report import comparison, comparison_page
from orchestrator.store.runs import RunStore


@dataclass(frozen=True)
class Compared:
    """first: whether the runs may be compared, in a line; document: the whole for programs.

    regressions: rows that are slower now, or that broke.
    """

    first: str
    markdown: str
    document: Mapping[str, object]
    regressions: int


def compare(runs: RunStore, before: str, after: str) -> Compared:
    """Compare two runs given by id, unique prefix, `latest` or path.

    RunError: no such run, or one without timings. UsageError: twice the same.
    """
    folders = [runs.resolve(reference) for reference in (before, after)]
    if folders[0].resolve() == folders[1].resolve():
        raise UsageError(
            f"{before!r} and {after!r} are the same run, {folders[0].name}",
            hint="Give two runs; see which there are: orchestrator runs",
        )
    old, new = (_timed(runs.load(folder)) for folder in folders)
    found = comparison.compare(old, new)
    return Compared(
        comparison_page.first_line(found),
        comparison_page.markdown(found),
        comparison_page.document(found),
        found.regressions,
    )


def _timed(run: Run) -> Run:
    if run.result is None or not run.result.bench:
        what = "has no result yet" if run.result is None else "timed nothing"
        raise RunError(
            f"{run.card.run_id} {what}, so there is nothing to compare",
            hint="Compare runs of bench or profile; see which there are: orchestrator runs",
        )
    return run
