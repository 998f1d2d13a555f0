"""What a run's folder says against its own result: files that are not what came home."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from orchestrator.performance.objection import Objection, Severity
from orchestrator.values.command import typed
from orchestrator.values.run import Changed, Run
from remote_payload.contract.layout import ARTIFACTS

ABOUT = "the run's folder"
_SHOWN = 3


def objections(run: Run) -> tuple[Objection, ...]:
    """ERROR for what every figure rests on; a doubt for what stands beside it, a note for what was
    only removed, and one where nothing binds the files of a run that is kept."""
    return tuple(_found(run))


def not_what_came(run: Run) -> str:
    """Why nothing of the run can be judged, in a clause; empty where that is no reason."""
    return "; ".join(f"{one.path} {one.how}" for one in run.altered)


def _found(run: Run) -> Iterator[Objection]:
    if why := not_what_came(run):
        again = typed("orchestrator", "attach", run.card.run_id)
        yield Objection(
            Severity.ERROR,
            ABOUT,
            f"{why}: somebody edited it since, or it is another run's, so nothing in it is judged; "
            f"{again} brings home again what {run.card.host} still keeps",
        )
    rest = [one for one in run.changed if one not in run.altered]
    gone = [one.path for one in rest if one.is_gone]
    if other := [one for one in rest if not one.is_gone]:
        yield Objection(Severity.DOUBT, ABOUT, _words(other))
    if gone:
        came = "came home or was written, and is gone"
        yield Objection(Severity.NOTE, ABOUT, f"{_some(gone)} {came}")
    if run.kept_as and run.result and not run.is_bound:
        text = (
            "nothing binds its files: run.json holds no digest of what came home, as those of "
            "before, so an edit would not show"
        )
        yield Objection(Severity.NOTE, ABOUT, text)


def _words(changed: Iterable[Changed]) -> str:
    """Those that belong to the run's records by name, and what is wrong; artifacts together."""
    records = [one for one in changed if not one.path.startswith(f"{ARTIFACTS}/")]
    artifacts = [one for one in changed if one.path.startswith(f"{ARTIFACTS}/")]
    told = [f"{one.path} {one.how}" for one in (*records, *artifacts[:_SHOWN])]
    more = len(artifacts) - _SHOWN
    return "; ".join([*told, f"and {more} more artifacts"] if more > 0 else told)


def _some(paths: list[str]) -> str:
    more = len(paths) - _SHOWN
    return ", ".join(paths[:_SHOWN]) + (f" and {more} more files" if more > 0 else "")
