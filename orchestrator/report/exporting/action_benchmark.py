"""JSON for benchmark-action/github-action-benchmark, tool `customSmallerIsBetter`.

Source: its README, "Use other language benchmarks": name, unit, value, and range and extra for the
chart's tooltip. Names stay the same from run to run, as a series goes by its name.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

from orchestrator.report.comparing.comparison import Comparison
from orchestrator.report.exporting import origin
from orchestrator.report.exporting.trusted import trusted
from orchestrator.report.figures import Figure, Figures, figures
from orchestrator.report.wording import format as fmt
from orchestrator.report.wording.plain import words
from orchestrator.values.run import Run
from remote_payload.contract.case import Case
from remote_payload.contract.words import Method

_Verdicts = Mapping[tuple[str, Case, Method], str]


def of_run(run: Run, derived: Figures | None) -> str:
    """A list of the run's trusted medians, each with its verdict against the baseline."""
    return _document(run, derived, {})


def of_comparison(found: Comparison) -> str:
    """The medians of the second run, each with its verdict against the first where it has one."""
    told = {
        (row.provider, row.case, row.method): (
            f"{row.verdict.value} against before"
            + (f": {fmt.times(speedup)}" if (speedup := row.found.judged.speedup).n else "")
        )
        for row in found.rows
    }
    after = found.after
    return _document(after, figures(after.result) if after.result else None, told)


def _document(run: Run, derived: Figures | None, verdicts: _Verdicts) -> str:
    entries = [_entry(row, run, derived, verdicts) for row in trusted(derived) if derived]
    return json.dumps(entries, indent=2, allow_nan=False)


def _entry(row: Figure, run: Run, derived: Figures, verdicts: _Verdicts) -> dict[str, object]:
    summary, per = row.trusted, row.facts.per
    assert summary is not None, "only trusted timings are passed on"
    half = summary.half_width_us
    record = row.record
    verdict = verdicts.get((record.provider, record.case, record.method))
    extra = (
        words(verdict) if verdict else origin.verdict_of(row, derived),
        origin.machine_of(derived.result),
        f"commit {origin.commit_of(run.card)}",
        f"{record.method.value}, {fmt.taken(record)} samples",
    )
    spread = {"range": f"± {fmt.rounded(half / per, half / per)}"} if half else {}
    return {
        "name": origin.name_of(row),
        "unit": words(derived.result.operator.unit),
        "value": summary.median_us / per,
        **spread,
        "extra": "\n".join(extra),
    }
