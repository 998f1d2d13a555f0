"""One result in one of the forms."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from orchestrator.report import folder
from orchestrator.report.comparing import page
from orchestrator.report.comparing.comparison import Comparison
from orchestrator.report.exporting import action_benchmark, github, pytest_benchmark, table
from orchestrator.report.exporting.names import OF_FIGURES, Format
from orchestrator.report.exporting.trusted import left_out, trusted
from orchestrator.report.figures import Figures, figures
from orchestrator.report.gates.gate import Policy
from orchestrator.report.render import Report
from orchestrator.report.wording.plain import for_stdout
from orchestrator.values.run import Run


@dataclass(frozen=True)
class Exported:
    """text: without the last line's end; "" where there is no figure to pass on. left_out: what is
    not in it and why, in a sentence, or empty."""

    text: str
    left_out: str = ""


def of_run(run: Run, report: Report, form: Format, policy: Policy) -> Exported:
    """A run as `form`, which is none of JSON's: that is for the verb to say. policy: what a gate
    goes by, for the rows that are marked."""
    derived = figures(run.result, folder.objections(run)) if run.result else None
    if form is Format.GITHUB:
        return Exported(github.of_run(run, derived, report.verdict, policy))
    if form not in OF_FIGURES:
        text = for_stdout(report.markdown) if form is Format.MARKDOWN else report.text
        return Exported(text.rstrip("\n"))
    gone = left_out(derived)
    if not trusted(derived):
        return Exported("", gone)
    return Exported(_of_run(run, derived, form), gone)


def _of_run(run: Run, derived: Figures | None, form: Format) -> str:
    if form is Format.CSV:
        return table.of_run(run, derived)
    if form is Format.PYTEST_BENCHMARK:
        return pytest_benchmark.of_run(run, derived)
    return action_benchmark.of_run(run, derived)


def of_comparison(
    found: Comparison, form: Format, policy: Policy, own: Path | None = None
) -> Exported:
    """A comparison as `form`, which is not JSON. own: the folder of the user's own templates."""
    if form is Format.GITHUB:
        return Exported(github.of_comparison(found, policy))
    if form not in OF_FIGURES:
        if form is Format.TEXT:
            return Exported(page.text(found, own).rstrip("\n"))
        return Exported(page.markdown(found, own).rstrip("\n"))
    if form is Format.CSV:
        has_figures = bool(found.rows or found.yardsticks)
        return Exported(table.of_comparison(found) if has_figures else "")
    runs = (found.before, found.after) if form is Format.PYTEST_BENCHMARK else (found.after,)
    every = [figures(run.result) for run in runs if run.result]
    gone = left_out(*every)
    if not all(map(trusted, every)):
        return Exported("", gone)
    if form is Format.PYTEST_BENCHMARK:
        return Exported(pytest_benchmark.of_comparison(found), gone)
    return Exported(action_benchmark.of_comparison(found), gone)
