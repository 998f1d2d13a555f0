"""One report: the command as people give it, and what its run's report says."""

from __future__ import annotations

import contextlib
import subprocess
import sys
import time
from pathlib import Path

from benchmarks.standing.kept import BASE, COPY, NOT_JUDGED, SLOWER, Report, Row
from benchmarks.standing.settings import Place
from orchestrator.errors import RunError
from orchestrator.report import folder
from orchestrator.report.figures import Figure, Figures, figures
from orchestrator.store.runs.run_store import RunStore
from remote_payload.contract.words import Status
from remote_payload.operators.attention.definition import OPERATOR as ATTENTION

BUDGET = "3m"
# Of the 64 that are allowed: fewer make it harder, and forty reports take minutes and not hours.
STARTS = "16"
_USUAL = ATTENTION.default_providers
# Not `python -m`, which would import the project's copy.py for Python's own.
_ORCHESTRATOR = Path(sys.executable).with_name("orchestrator")
_CANCEL_LIMIT_S = 60.0


def command(host: str, slowed: bool) -> list[str]:
    """With the slowed provider and its budget, or without and with the budget of a CPU."""
    words = ["bench", "--host", host, "--heads", "8", "--seq", "128", "--starts", STARTS]
    words += ["--without", ",".join(_USUAL), "--baseline", BASE]
    words += ["--provider", f"{BASE}={BASE}.py:attention"]
    words += ["--provider", f"{COPY}={COPY}.py:attention"]
    if slowed:
        words += ["--provider", f"{SLOWER}={SLOWER}.py:attention", "--budget", BUDGET]
    return words


def ask(place: Place, number: int, slowed: bool) -> Report:
    """Make a report, and read it. Told to end meanwhile, it ends its run as well."""
    before, began = _runs(place), time.monotonic()
    try:
        done = subprocess.run(
            [_ORCHESTRATOR, *command(place.host, slowed)],
            cwd=place.folder,
            env=place.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
        )
    except BaseException:
        for run in _runs(place) - before:
            _cancel(place, run)
        raise
    about = Report(place.setting, number, slowed, round(time.monotonic() - began, 2))
    made = sorted(_runs(place) - before)
    if len(made) != 1:
        return _broken(about, f"exit status {done.returncode}: {_end_of(done.stderr)}")
    return _read(place, made[0], about)


def _read(place: Place, run: Path, about: Report) -> Report:
    """By the functions that render it; a run that is not whole is no report."""
    try:
        stored = RunStore(place.runs).load(run)
    except RunError as error:
        return _broken(about, error.message)
    result = stored.result
    if result is None or result.status is not Status.OK:
        return _broken(about, result.reason if result else f"{run.name} brought no result home")
    found = figures(result, folder.objections(stored))
    if found.on_gpu:
        return _broken(about, "it ran on a GPU, which does not wait for what slower.py spins")
    machine = result.machine
    return Report(
        about.setting,
        about.number,
        about.slowed,
        about.seconds,
        starts=max((len(one.starts) for one in result.bench), default=0),
        threads=machine.torch_threads if machine else None,
        rows=_rows(found),
        errors=tuple(f"{one.about}: {one.text}" for one in found.errors),
    )


def _rows(found: Figures) -> tuple[Row, ...]:
    return tuple(_row(one) for one in found.rows if one.record.provider in (COPY, SLOWER))


def _row(figure: Figure) -> Row:
    record, against = figure.record, figure.against
    if against is None:
        return Row(record.provider, record.method.value, NOT_JUDGED)
    said, ratio = against.verdict.value, against.speedup
    return Row(record.provider, record.method.value, said, ratio.median, ratio.low, ratio.high)


def _broken(about: Report, why: str) -> Report:
    told = why or "no reason given"
    return Report(about.setting, about.number, about.slowed, about.seconds, broke=told)


def _runs(place: Place) -> frozenset[Path]:
    return frozenset(card.parent for card in place.runs.glob("*/run.json"))


def _cancel(place: Place, run: Path) -> None:
    with contextlib.suppress(subprocess.TimeoutExpired):
        subprocess.run(
            [_ORCHESTRATOR, "cancel", run.name],
            cwd=place.folder,
            env=place.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_CANCEL_LIMIT_S,
            check=False,
        )


def _end_of(said: str) -> str:
    return " ".join(said.split())[-400:]
