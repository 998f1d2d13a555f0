"""The calibration's shortcut is the product's judging, and its goals hold; a table in small."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.calibration.cells import ROWS, cell
from benchmarks.calibration.judging import FASTER, OPEN, SAME, SLOWER, in_one_run, medians
from benchmarks.calibration.noise import KINDS, Array
from benchmarks.calibration.runs import run_cell
from orchestrator.performance.family import Family
from orchestrator.performance.verdict import Terms, Verdict
from orchestrator.report.against import judged_against
from remote_payload.contract.records import BenchRecord
from tests.judging.races import record

CODES = {
    Verdict.INCONCLUSIVE: OPEN,
    Verdict.SAME: SAME,
    Verdict.FASTER: FASTER,
    Verdict.SLOWER: SLOWER,
}
SHIFTS = np.array([0.0, 0.0, 0.004, -0.01, 0.03, -0.1])


def records(logs: Array) -> list[BenchRecord]:
    """(entrants, starts, rounds) as a payload tells them: the base, its control, the others."""
    names = ("base", "base", *(f"p{n}" for n in range(len(logs) - 2)))
    return [
        record(name, (100 * np.exp(one)).tolist(), control=n == 1)
        for n, (name, one) in enumerate(zip(names, logs, strict=True))
    ]


@pytest.mark.parametrize("starts", [8, 16])
def test_the_shortcut_agrees_with_the_full_path_row_by_row(starts: int) -> None:
    rng = np.random.default_rng(starts)
    terms, alike, others, seen = Terms(Family(ROWS, 1)), 0, 0, set()
    for kind in KINDS:
        logs = kind.draw(rng, (3, 2 + len(SHIFTS), starts, 5), 0.01)
        logs[:, 2:] += SHIFTS[:, None, None]
        if kind.grid:
            logs = np.log(np.round(np.exp(logs) / kind.grid) * kind.grid)
        fast = in_one_run(medians(logs), ROWS, (starts,), grid=kind.grid).verdict
        for case, codes in zip(logs, fast, strict=True):
            base, *rest = told = records(case)
            for mine, code in zip(rest[1:], codes, strict=True):
                judged = judged_against(base, mine, tuple(told), frozenset(), terms)
                assert judged is not None
                if "stepped" in judged.advice:  # which the shortcut leaves out, and so decides more
                    others += 1
                    continue
                assert CODES[judged.verdict] == code, (kind.name, judged)
                alike += 1
                seen.add(judged.verdict)
    assert alike > 250
    assert others <= 5
    assert seen == set(Verdict)


def test_a_table_in_small_meets_its_goals() -> None:
    rng = np.random.default_rng(13)
    found = [cell(kind, 0.01, 20, rng) for kind in KINDS]
    # One report in two hundred is to be expected; eight of these 320 come once in 4,000 times.
    assert sum(one.false for one in found) * 20 <= 7
    for one in found:
        if one.kind.beyond:
            continue
        assert one.enough >= 0.95, one
        assert one.covers_ratio >= 0.94, one
        assert one.covers_time is None or one.covers_time >= 0.93, one
    stepped = {one.kind.name: one.stepped for one in found}
    assert stepped["throttle step of 15 %"] > 0.3
    assert sum(stepped[kind.name] for kind in KINDS if kind.still) <= 0.05


def test_two_separate_runs_of_one_code_are_not_called_different() -> None:
    cells = [
        run_cell(0.03, 0, 6, np.random.default_rng(1)),
        run_cell(0.003, 20, 6, np.random.default_rng(2)),
    ]
    assert [one.wrong for one in cells] == [0, 0]
    assert cells[0].large > 0.5
    assert cells[0].found == 0
    assert cells[1].large == 1
