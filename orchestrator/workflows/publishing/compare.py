"""From two stored runs to their comparison; offline."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from orchestrator.errors import RunError, UsageError
from orchestrator.report.comparing import comparison
from orchestrator.report.comparing import page as comparison_page
from orchestrator.report.folder import not_what_came
from orchestrator.store.runs.run_store import RunStore
from orchestrator.values.command import typed
from orchestrator.values.run import Run
from orchestrator.workflows.jobs.latest import WAS_TO_TIME, require_home, resolve
from remote_payload.contract.words import Stage


@dataclass(frozen=True)
class Compared:
    """first: whether the runs may be compared, in a line; document: the whole for programs.

    after: what the second run is kept as. regressions: rows that are slower now, or that broke.
    undecided, hint: what the gate cannot say and what to do about it; empty where it says yes or
    no.
    """

    first: str
    markdown: str
    document: Mapping[str, object]
    after: str
    regressions: int
    undecided: str
    hint: str


def compare(runs: RunStore, before: str, after: str, *, as_gate: bool = False) -> Compared:
    """Compare two runs given by id, unique prefix, `latest` or path; `latest` is the latest run
    that was to time something.

    as_gate: a second run that was to time and did not has lost what the first one timed; without,
    there is nothing to show. RunError: no such run, or one without timings. UsageError: twice the
    same.
    """
    folders = [resolve(runs, reference, WAS_TO_TIME) for reference in (before, after)]
    if folders[0].resolve() == folders[1].resolve():
        raise UsageError(
            f"{before!r} and {after!r} are the same run, {folders[0].name}",
            hint="Give two runs; see which there are: orchestrator runs",
        )
    old, new = (runs.load(folder) for folder in folders)
    _require_what_came(old, new)
    _require_timings(old)
    if not as_gate or new.result is None or Stage.BENCH not in new.result.request.stages:
        _require_timings(new)
    found = comparison.compare(old, new)
    return Compared(
        comparison_page.first_line(found),
        comparison_page.markdown(found),
        comparison_page.document(found),
        new.name,
        found.regressions,
        comparison_page.undecided_line(found),
        comparison_page.undecided_hint(found),
    )


def _require_what_came(*both: Run) -> None:
    """RunError for a run whose result is not what its host gave: it is no evidence of anything."""
    for run in both:
        if run.altered:
            raise RunError(
                f"{run.card.run_id}: {not_what_came(run)}: somebody edited it since, or it is "
                "another run's, so nothing is compared with it",
                hint="It was left as it is. Bring home again what its host still keeps: "
                f"{typed('orchestrator', 'attach', run.name)}",
            )


def _require_timings(run: Run) -> None:
    run_id = run.card.run_id
    if run.result is None:
        require_home(run)
        raise RunError(
            f"{run_id} left no result, as its job {run.end.words if run.end else 'was lost'}; "
            "there is nothing to compare",
            hint=f"What it printed: {typed('orchestrator', 'logs', run.name)}",
        )
    if not run.result.bench:
        raise RunError(
            f"{run_id} timed nothing, so there is nothing to compare",
            hint="Compare runs of bench or profile; see which there are: orchestrator runs",
        )
