"""Two separate runs of one code, and of two, judged by the product's own function, row by row."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from benchmarks.calibration.cells import DIFFERENCE, ROWS
from benchmarks.calibration.noise import Array
from orchestrator.performance.family import Family
from orchestrator.performance.separate_runs import RunRatio, Spread, judge, moderated, spread_of
from orchestrator.performance.verdict import Judgement, Terms, Verdict

STARTS, START_SD = 16, 0.005  # of each run, and of the ratio from start to start
LARGE, WILD = 0.25, 0.03


@dataclass(frozen=True)
class RunCell:
    """Shares of reports or rows.

    spread: by how much a row's ratio moves from run to run. wild: how many rows of a report move
    by 3 % instead. history: earlier runs of one code. false: reports on one code with any false
    SLOWER, as a gate counts; wrong: with a false FASTER or SLOWER. found, large: rows that take 3 %
    and 25 % longer and are SLOWER.
    """

    spread: float
    history: int
    wild: int
    false: float
    wrong: float
    found: float
    large: float


def run_cell(
    spread: float, history: int, reports: int, rng: np.random.Generator, wild: int = 0
) -> RunCell:
    """Each report has two runs, and its own history before them."""
    terms = Terms(Family(ROWS, 1))
    false = wrong = 0
    found, large = [], []
    for _ in range(reports):
        spreads = np.where(np.arange(ROWS) < ROWS - wild, spread, WILD)
        rows = _runs(spreads[:, None] * rng.standard_normal((ROWS, history + 2)), rng)
        known = moderated([spread_of([earlier]) for *earlier, _, _ in rows])
        judged = [_judged(*row, 0.0, terms).verdict for row in zip(rows, known, strict=True)]
        false += Verdict.SLOWER in judged
        wrong += Verdict.SLOWER in judged or Verdict.FASTER in judged
        for row in list(zip(rows, known, strict=True))[:10]:
            found.append(_judged(*row, DIFFERENCE, terms).verdict is Verdict.SLOWER)
            large.append(_judged(*row, LARGE, terms).verdict is Verdict.SLOWER)
    shares = (false / reports, wrong / reports, float(np.mean(found)), float(np.mean(large)))
    return RunCell(spread, history, wild, *shares)


def _runs(offsets: Array, rng: np.random.Generator) -> list[list[RunRatio]]:
    """Of each row the runs, as by `run_ratio`; the last two are compared, the rest is history."""
    starts = offsets[..., None] + START_SD * rng.standard_normal((*offsets.shape, STARTS))
    means = starts.mean(axis=-1).tolist()
    errors = (starts.std(axis=-1, ddof=1) / np.sqrt(STARTS)).tolist()
    return [
        [RunRatio(mean, error, STARTS) for mean, error in zip(*row, strict=True)]
        for row in zip(means, errors, strict=True)
    ]


def _judged(runs: list[RunRatio], spread: Spread, slower: float, terms: Terms) -> Judgement:
    *_, before, after = runs
    later = RunRatio(after.log - float(np.log1p(slower)), after.error, after.starts)
    return judge([before], [later], spread, terms)
