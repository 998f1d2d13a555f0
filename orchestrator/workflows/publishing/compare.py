"""From two stored runs, and those around them, to their comparison; offline."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from orchestrator.errors import RunError, UsageError
from orchestrator.report.comparing import between, comparison, document, page
from orchestrator.report.comparing.comparison import Comparison, Side
from orchestrator.report.exporting import exported
from orchestrator.report.exporting.exported import Exported
from orchestrator.report.exporting.names import Format
from orchestrator.report.folder import not_what_came
from orchestrator.report.gates.gate import Policy, Ruling
from orchestrator.store.runs.naming import is_turn
from orchestrator.store.runs.run_store import RunStore
from orchestrator.values.command import typed
from orchestrator.values.run import Run
from orchestrator.workflows.jobs.latest import WAS_TO_TIME, require_home, resolve
from orchestrator.workflows.publishing.insight import insight
from remote_payload.contract import codec
from remote_payload.contract.words import Stage

# Runs around the compared ones that are read for how much runs differ, the newest first.
MOST_HISTORY = 100
HTML = (".html", ".htm")


@dataclass(frozen=True)
class Compared:
    """first: what must be known before any figure is believed, in a line; verdict: how many rows
    got better and worse, in another. document: the whole for programs. after: what the second run
    is kept as. ruling: what a gate says; hint: what to do where it says neither yes nor no. broke:
    how many rows broke. own: the folder of the user's own templates.
    """

    first: str
    verdict: str
    found: Comparison
    document: Mapping[str, object]
    after: str
    ruling: Ruling
    broke: int
    hint: str
    policy: Policy
    own: Path | None = None

    def exported(self, form: Format) -> Exported:
        """All of it as stdout may have it; `document` is what it has for JSON."""
        return exported.of_comparison(self.found, form, self.policy, self.own)

    def write(self, path: Path) -> None:
        """The page, as the ending of the file's name says; Markdown without one."""
        ending = path.suffix.lower()
        make = page.html if ending in HTML else page.text if ending == ".txt" else page.markdown
        path.parent.mkdir(parents=True, exist_ok=True)
        codec.write_atomic(path, make(self.found, self.own))


def compare(
    runs: RunStore,
    before: str,
    after: str,
    *,
    policy: Policy | None = None,
    race: str = between.AGAINST,
    own: Path | None = None,
) -> Compared:
    """Compare two runs given by id, unique prefix, `latest` or path; `latest` is the latest run
    that was to time something.

    policy: of a gate, for which a second run that was to time and did not has lost what the first
    one timed; without, there is nothing to show. race: how both are compared in one run, in words.
    own: the folder of the user's own templates.
    RunError: no such run, or one with nothing to compare. UsageError: twice the same.
    """
    folders = [resolve(runs, reference, WAS_TO_TIME) for reference in (before, after)]
    if folders[0].resolve() == folders[1].resolve():
        raise UsageError(
            f"{before!r} and {after!r} are the same run, {folders[0].name}",
            hint="Give two runs; see which there are: orchestrator runs",
        )
    first, second = (_side(runs, folder) for folder in folders)
    old, new = first.run, second.run
    _require_what_came(old, new)
    _require_figures(old)
    if policy is None or new.result is None or Stage.BENCH not in new.result.request.stages:
        _require_figures(new)
    history = [*_history(runs, folders, new.card.host)]
    found = comparison.compare(first, second, history, race)
    ruling = found.ruling(policy or Policy())
    return Compared(
        page.first_line(found),
        page.verdict_line(found),
        found,
        document.document(found, ruling),
        new.name,
        ruling,
        len(found.broke),
        _hint(found, race),
        policy or Policy(),
        own,
    )


def _side(runs: RunStore, folder: Path) -> Side:
    run = runs.load(folder)
    return Side(run, insight(run, folder))


def _history(runs: RunStore, compared: list[Path], host: str) -> Iterator[Run]:
    """Other runs on the host that can be read; one that cannot tells nothing, nor does a turn."""
    known = {folder.resolve() for folder in compared}
    told = (folder for folder in runs.all() if not is_turn(folder.name))
    others = [folder for folder in told if folder.resolve() not in known]
    for folder in others[-MOST_HISTORY:]:
        with suppress(RunError):
            if Stage.BENCH in runs.request(folder).stages:
                run = runs.load(folder)
                if run.card.host == host and not run.altered:
                    yield run


def _hint(found: Comparison, race: str) -> str:
    """The next step where nothing is decided."""
    before = found.before.card
    again = before.reproduce if before.reproduce.startswith("orchestrator ") else ""
    if found.refused and not found.rows:
        return f"Compare runs of the same things; the first was made on {before.host}."
    if not found.rows or found.lost:
        how = f", as by: {again}" if again else ""
        return f"Time what the first run timed{how}; then compare again."
    return f"{race[0].upper()}{race[1:]}; or repeat both, and compare again."


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


def _require_figures(run: Run) -> None:
    run_id = run.card.run_id
    if run.result is None:
        require_home(run)
        raise RunError(
            f"{run_id} left no result, as its job {run.end.words if run.end else 'was lost'}; "
            "there is nothing to compare",
            hint=f"What it printed: {typed('orchestrator', 'logs', run.name)}",
        )
    if not (run.result.bench or run.result.ceilings or _built_alone(run)):
        raise RunError(
            f"{run_id} timed nothing, so there is nothing to compare",
            hint="Compare runs of bench or profile; see which there are: orchestrator runs",
        )


def _built_alone(run: Run) -> bool:
    """A run that was not to time: what its compiler said can be compared."""
    result = run.result
    if result is None or Stage.BENCH in result.request.stages:
        return False
    return result.build is not None and bool(result.build.compilations)
