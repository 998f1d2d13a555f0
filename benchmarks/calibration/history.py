"""The tables of docs/history.md: python -m benchmarks.calibration.history [--quick] [--seed N].

How often a series of runs of one code is told to have a step, how often a step is found, and
whether it is where it is said to be. Exits with 1 where a goal is missed: a false step in more than
1 % of series, a place that holds the true one in less than 95 % of what was found.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from benchmarks.calibration.noise import Array
from benchmarks.calibration.series import NOISES, Method, Noise, methods
from orchestrator.performance.trend.levels import find_levels

RUNS, FEW_RUNS = (10, 20, 40, 80, 160, 320), (20, 80)
SPREADS, STEPS = (0.003, 0.01, 0.03), (0.03, 0.05, 0.10)
SERIES, COMPARED, QUICK = 4000, 1000, 100
MOST_FALSE, LEAST_PLACED = 0.01, 0.95


@dataclass(frozen=True)
class Found:
    """Shares of series with one step in the middle. found: told, no more than that one, and within
    two runs of where it is. placed: of those told, the true place is within what is said of it."""

    found: float
    placed: float


def false_share(method: Method, sd: float, series: Array) -> float:
    """Of series of one code, how many are told to have a step."""
    return sum(bool(method((sd * one).tolist())) for one in series) / len(series)


def found_share(sd: float, step: float, series: Array) -> Found:
    """By the product's own function."""
    at = series.shape[1] // 2
    logs = sd * series + np.log1p(step) * (np.arange(series.shape[1]) >= at)
    told = [find_levels(one.tolist(), range(1, len(one))).cuts for one in logs]
    right = sum(len(cuts) == 1 and abs(cuts[0].at - at) <= 2 for cuts in told)
    single = [cuts[0] for cuts in told if len(cuts) == 1]
    placed = sum(cut.first <= at <= cut.last for cut in single)
    return Found(right / len(told), placed / len(single) if single else 1.0)


def main() -> int:
    """Print the tables; the goals that were missed on stderr."""
    given = _parser().parse_args()
    series = QUICK if given.quick else given.series
    compared = QUICK if given.quick else COMPARED
    missed = [*_false(series, given.seed), *_power(series // 4, given.seed)]
    _compared(compared, given.seed)
    for line in [] if given.quick else missed:
        print(f"missed: {line}", file=sys.stderr)
    return 1 if missed and not given.quick else 0


def _false(series: int, seed: int) -> Iterator[str]:
    print(f"Series of one code that are told to have a step; {series} a cell, seed {seed}.\n")
    print(f"| runs differ by | {' | '.join(f'{runs} runs' for runs in RUNS)} |")
    print("|---" * (1 + len(RUNS)) + "|")
    ours = methods()["ours"]
    for number, noise in enumerate(NOISES):
        cells = []
        for runs in RUNS:
            draws = noise.draw(np.random.default_rng([seed, number, runs]), series, runs)
            shares = [false_share(ours, sd, draws) for sd in SPREADS[1:]]
            cells.append(max(shares))
            if max(shares) > MOST_FALSE and not noise.beyond:
                yield f"{noise.name}, {runs} runs: a step in {_percent(max(shares))} of series"
        print(f"| {noise.name} | {' | '.join(map(_percent, cells))} |", flush=True)


def _power(series: int, seed: int) -> Iterator[str]:
    print(f"\nSteps halfway that are found within two runs; {series} series a cell.\n")
    print(f"| runs differ by | step | {' | '.join(f'{runs} runs' for runs in RUNS)} | placed |")
    print("|---" * (3 + len(RUNS)) + "|")
    for number in (0, 1, 5):
        noise = NOISES[number]
        for sd in SPREADS:
            for step in STEPS:
                yield from _power_line(noise, sd, step, series, [seed, number])


def _power_line(
    noise: Noise, sd: float, step: float, series: int, seed: Sequence[int]
) -> Iterator[str]:
    draws = [noise.draw(np.random.default_rng([*seed, runs, 1]), series, runs) for runs in RUNS]
    shares = [found_share(sd, step, one) for one in draws]
    told = [one for one in shares if one.found > 0.05]
    placed = float(np.mean([one.placed for one in told])) if told else 1.0
    cells = " | ".join(_percent(one.found) for one in shares)
    where = _percent(placed) if told else "none"
    print(f"| {noise.name}, {_percent(sd)} | {_percent(step)} | {cells} | {where} |", flush=True)
    if placed < LEAST_PLACED:
        yield f"{noise.name}, {_percent(sd)}, {_percent(step)}: placed in {_percent(placed)}"


def _compared(series: int, seed: int) -> None:
    names = [f"{noise.name}, {runs}" for noise in _beside() for runs in FEW_RUNS]
    print(f"\nFalse steps by other methods, and 3 % found at 1 %; {series} series a cell.\n")
    print(f"| method | {' | '.join(names)} | 3 % found, 20 | 80 |")
    print("|---" * (len(names) + 3) + "|")
    for name, method in methods().items():
        cells = [
            false_share(method, 0.01, noise.draw(np.random.default_rng([seed, runs]), series, runs))
            for noise in _beside()
            for runs in FEW_RUNS
        ]
        cells += [_found_by(method, runs, series, seed) for runs in FEW_RUNS]
        print(f"| {name} | {' | '.join(map(_percent, cells))} |", flush=True)


def _beside() -> tuple[Noise, ...]:
    return (NOISES[0], NOISES[1], NOISES[3], NOISES[5])


def _found_by(method: Method, runs: int, series: int, seed: int) -> float:
    draws = 0.01 * NOISES[0].draw(np.random.default_rng([seed, runs, 2]), series, runs)
    draws[:, runs // 2 :] += np.log1p(0.03)
    told = [method(one.tolist()) for one in draws]
    return sum(any(abs(at - runs // 2) <= 2 for at in cuts) for cuts in told) / series


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.calibration.history", description=__doc__.split("\n\n")[0]
    )
    parser.add_argument("--quick", action="store_true", help=f"{QUICK} series a cell, no goals")
    parser.add_argument("--series", type=int, default=SERIES, help="a cell")
    parser.add_argument("--seed", type=int, default=13)
    return parser


def _percent(share: float) -> str:
    return f"{100 * share:.3g} %"


if __name__ == "__main__":
    sys.exit(main())
