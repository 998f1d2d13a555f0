"""Reports on two separate runs, drawn at random: what `compare` says of them, thousands of times.

SYNTHETIC, all of it: only the rules are the product's. How to repeat docs/comparing.md's table:
`python -m tests.comparing.drawn 600`.
"""

from __future__ import annotations

import sys
from collections import Counter

import numpy as np

from orchestrator.performance.family import Family
from orchestrator.performance.separate_runs import RunRatio
from orchestrator.performance.verdict import Terms, Verdict
from orchestrator.report.comparing import between
from orchestrator.report.comparing.alike import Key
from orchestrator.report.comparing.speedups import Past, Told
from remote_payload.contract.plans import BuildPlan
from remote_payload.contract.words import Method
from tests.report import synthetic

STARTS, SEED = 8, 20261129
WHERE = ("h100", "GPU", "attention", "", "sdpa")


def keys(rows: int) -> list[Key]:
    cases = [synthetic.case(heads + 1) for heads in range(rows)]
    return [("sparsek", case, Method.COLD) for case in cases]


def report(
    draw: np.random.Generator,
    of: list[Key],
    spread: float,
    noise: float,
    earlier: int,
    slower: float = 0.0,
    mixed: bool = False,
    common: bool = False,
) -> Counter[Verdict]:
    """The verdicts of one report on a code and another that takes 1 + `slower` times as long.

    spread: of a row from run to run; noise: of a start; both relative. earlier: runs of the first
    code beside the compared one. mixed: every tenth row of a run is off by three times as much and
    the others by a third, so that the rows of a run are not normal. common: all rows of a run are
    off by the same.
    """
    runs = [
        _run(draw, of, f"old-{n}", "old", spread, noise, 0.0, mixed, common)
        for n in range(earlier + 1)
    ]
    after = _run(draw, of, "new", "new", spread, noise, -np.log1p(slower), mixed, common)
    past = Past(runs[0], after, tuple(runs[1:]), frozenset(run.run_id for run in runs[1:]))
    terms, found = Terms(Family(rows=len(of))), Counter[Verdict]()
    for history in between.histories(of, past).values():
        found[between.judge(history, terms, ()).verdict] += 1
    return found


def _run(
    draw: np.random.Generator,
    of: list[Key],
    name: str,
    code: str,
    spread: float,
    noise: float,
    shift: float,
    mixed: bool,
    common: bool,
) -> Told:
    # Each of the three programs has an offset of its own; a ratio of two has `spread`.
    scale = np.full((len(of), 3), spread / np.sqrt(2))
    if mixed:
        scale *= np.where(draw.random(scale.shape) < 0.1, 3.0, 1 / 3)
    offsets = draw.standard_normal((1, 3) if common else scale.shape)
    base, ours, control = (offsets * scale).T
    own, theirs = (_ratios(draw, base - other, noise) for other in (ours, control))
    pairs = {
        key: RunRatio(r.log + shift, r.error, r.starts) for key, r in zip(of, own, strict=True)
    }
    controls = {(k[1], k[2]): ratio for k, ratio in zip(of, theirs, strict=True)}
    return Told(name, WHERE, code, BuildPlan(), (), pairs, controls)


def _ratios(draw: np.random.Generator, offsets: np.ndarray, noise: float) -> list[RunRatio]:
    samples = offsets[:, None] + noise * np.sqrt(2) * draw.standard_normal((len(offsets), STARTS))
    errors = samples.std(axis=1, ddof=1) / np.sqrt(STARTS)
    means = samples.mean(axis=1)
    return [RunRatio(float(m), float(e), STARTS) for m, e in zip(means, errors, strict=True)]


def share(reports: int, word: Verdict, rows: int, **how: object) -> tuple[float, float]:
    """Of reports, those that say it of any row; of rows, those it is said of."""
    draw, of = np.random.default_rng(SEED), keys(rows)
    told = [report(draw, of, **how)[word] for _ in range(reports)]  # type: ignore[arg-type]
    return sum(map(bool, told)) / reports, sum(told) / (reports * rows)


def main(reports: int) -> None:
    """A row for each run-to-run spread and number of earlier runs; the table of the page."""
    rows, noise = 90, 0.005
    print("| spread between runs | earlier runs | a false SLOWER | 3 % / 5 % / 20 % found | SAME |")
    for spread in (0.003, 0.01, 0.03):
        for earlier in (0, 4, 15):
            how = {"spread": spread, "noise": noise, "earlier": earlier}
            wrong, _ = share(reports, Verdict.SLOWER, rows, **how)
            found = [
                share(reports // 10, Verdict.SLOWER, rows, slower=by, **how)[1]
                for by in (0.03, 0.05, 0.20)
            ]
            _, same = share(reports // 10, Verdict.SAME, rows, **how)
            told = " / ".join(f"{each:.0%}" for each in found)
            print(f"| {spread:.1%} | {earlier} | {wrong:.2%} | {told} | {same:.0%} |", flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]))
