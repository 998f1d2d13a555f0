"""What a run came to, condensed for its card and the index of all runs.

What judges times is only loaded where there are any: a build comes home through here, too.
"""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from orchestrator.performance.stats import LONGEST_US
from orchestrator.store.runs.bounds import LARGEST
from orchestrator.values.kept.summary import Row, Summary
from orchestrator.values.privacy.redaction import discreet
from orchestrator.values.text import one_line
from remote_payload.contract.layout import RESULT
from remote_payload.contract.words import Stage

if TYPE_CHECKING:
    from orchestrator.performance.stats import Summary as Times
    from orchestrator.report.figures import Figure, Figures
    from orchestrator.store.runs.run_store import RunStore
    from orchestrator.values.run import Run
    from remote_payload.contract.machine import Machine
    from remote_payload.contract.result import Result

_MOST_CHARACTERS = 1000


def summarise(runs: RunStore, run: Run, folder: Path) -> None:
    """Write into the run's card what it came to; not where its files are not what came home."""
    if not run.altered:
        with suppress(OSError):  # the run is whole without
            runs.record_summary(folder, summary_of(run))


def summary_of(run: Run) -> Summary:
    """Of a run that has ended; its result is taken for what came home."""
    result, digest = run.result, ""
    if result is None:
        return Summary("lost", _short(run.end.words if run.end else ""))
    for file in run.card.files:
        digest = file.sha256 if file.path == RESULT else digest
    verdict, rows = _judged(run, result)
    return Summary(
        status=result.status.value,
        reason=_short(result.reason),
        verdict=_short(verdict),
        machine=discreet(fingerprint(result.machine)),
        gpu=discreet((result.machine.gpu or "") if result.machine else ""),
        rows=rows,
        result_sha256=digest,
    )


def _judged(run: Run, result: Result) -> tuple[str, tuple[Row, ...]]:
    """The first line of its report, as far as the first semicolon, and what was timed."""
    if set(result.request.stages) <= {Stage.BUILD} and not (result.bench or result.checks):
        return "", ()
    from orchestrator.report import folder
    from orchestrator.report.figures import figures
    from orchestrator.report.first.headline import headline

    derived = figures(result, folder.objections(run))
    return headline(run, derived).partition("; ")[0], _rows(derived)


def fingerprint(machine: Machine | None) -> str:
    """One line for all machines whose times may stand beside each other; "" for none."""
    if machine is None:
        return ""
    torch = f"torch {machine.torch}" if machine.torch else "no torch"
    if machine.gpu is None:
        return f"{machine.cpu}, {machine.cpu_count} CPUs, {torch}"
    parts = [machine.gpu]
    parts += [f"{machine.sm_count} SMs"] if machine.sm_count else []
    parts += [f"driver {machine.driver}"] if machine.driver else []
    parts += [torch, *([f"CUDA {machine.torch_cuda}"] if machine.torch_cuda else [])]
    return ", ".join(parts)


def _rows(derived: Figures) -> tuple[Row, ...]:
    """Those that were timed whole, also where an objection says that the time cannot be true."""
    told = ((one, one.summary) for one in derived.rows if one.trusted or one.refuted)
    return tuple(_row(one, times, derived.result) for one, times in told if times is not None)


def _row(figure: Figure, summary: Times, result: Result) -> Row:
    record, against = figure.record, figure.against
    judged = against.speedup if against else None
    # Two starts that are worlds apart say nothing of where the median is, nor of a ratio.
    known = summary.high_us is not None and summary.high_us <= LONGEST_US
    held = judged is not None and judged.high is not None and judged.high <= LARGEST
    return Row(
        provider=record.provider,
        case=record.case.label,
        method=record.method.value,
        dtype=record.case.dtype.value,
        median_us=summary.median_us,
        low_us=summary.low_us if known else None,
        high_us=summary.high_us if known else None,
        starts=summary.starts,
        per=figure.facts.per,
        unit=result.operator.unit,
        baseline=result.baseline_of(record.provider) if against else "",
        ratio=judged.median if judged else None,
        ratio_low=judged.low if judged and held else None,
        ratio_high=judged.high if judged and held else None,
        verdict=against.verdict.value if against else "",
        refuted=figure.refuted,
    )


def _short(text: str) -> str:
    """One line for strangers, cut where it is long."""
    line = one_line(discreet(text.partition("\n")[0]))
    return line if len(line) <= _MOST_CHARACTERS else f"{line[: _MOST_CHARACTERS - 1]}…"
