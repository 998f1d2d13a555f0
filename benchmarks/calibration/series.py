"""Series of runs as a history has them, and other ways to find their steps, to compare with ours.

A series holds logarithms, one of each run; every method gives the runs with which it says that a
new level begins.
"""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from benchmarks.calibration.noise import Array
from orchestrator.performance.steps import pettitt
from orchestrator.performance.trend.levels import FEWEST_BESIDE, find_levels

Method = Callable[[Sequence[float]], tuple[int, ...]]
_PERMUTATIONS, _LEVEL = 499, 0.01


@dataclass(frozen=True)
class Noise:
    """Of runs of one code, scaled to a standard deviation of about 1. beyond: no part of the goals.

    draw: from a generator, of so many series of so many runs.
    """

    name: str
    draw: Callable[[np.random.Generator, int, int], Array]
    beyond: bool = False


def _normal(rng: np.random.Generator, many: int, runs: int) -> Array:
    return rng.standard_normal((many, runs))


def _odd(rng: np.random.Generator, many: int, runs: int) -> Array:
    """One run in twenty is 5 to 15 standard deviations slower."""
    odd = rng.random((many, runs)) < 0.05
    return _normal(rng, many, runs) + odd * rng.uniform(5, 15, (many, runs))


def _heavy(rng: np.random.Generator, many: int, runs: int) -> Array:
    return rng.standard_t(3, (many, runs)) / np.sqrt(3)


def _two_places(rng: np.random.Generator, many: int, runs: int) -> Array:
    """Three runs in ten, by chance, are slower by as much as all scatter together."""
    return 0.3 * _normal(rng, many, runs) + 2 * (rng.random((many, runs)) < 0.3)


def _alike(keeps: float) -> Callable[[np.random.Generator, int, int], Array]:
    def draw(rng: np.random.Generator, many: int, runs: int) -> Array:
        found = _normal(rng, many, runs)
        for run in range(1, runs):
            found[:, run] = keeps * found[:, run - 1] + np.sqrt(1 - keeps**2) * found[:, run]
        return found

    return draw


def _alike_and_odd(rng: np.random.Generator, many: int, runs: int) -> Array:
    odd = rng.random((many, runs)) < 0.05
    return _alike(0.5)(rng, many, runs) + odd * rng.uniform(5, 15, (many, runs))


NOISES = (
    Noise("normal", _normal),
    Noise("1 run in 20 odd, by 5 to 15 sd", _odd),
    Noise("t3", _heavy),
    Noise("3 runs in 10 on another level", _two_places),
    Noise("AR(.3)", _alike(0.3)),
    Noise("AR(.5)", _alike(0.5)),
    Noise("AR(.5), 1 run in 20 odd", _alike_and_odd),
    Noise("AR(.7)", _alike(0.7), beyond=True),
    Noise("AR(.9)", _alike(0.9), beyond=True),
)


def ours(logs: Sequence[float]) -> tuple[int, ...]:
    """By the product's own function."""
    return tuple(cut.at for cut in find_levels(logs, range(1, len(logs))).cuts)


def _recursive(find: Callable[[Sequence[float]], int]) -> Method:
    """Binary segmentation by a test that gives one place, or 0."""

    def method(logs: Sequence[float]) -> tuple[int, ...]:
        at = find(logs) if len(logs) >= 2 * FEWEST_BESIDE else 0
        if not at:
            return ()
        return (*method(logs[:at]), at, *(at + each for each in method(logs[at:])))

    return method


def _pettitt(logs: Sequence[float]) -> int:
    at, p = pettitt(logs)
    return at if p < _LEVEL else 0


def _permuted(logs: Sequence[float]) -> int:
    """The largest sum of what is above the mean, held against that of shuffled series."""
    rng = np.random.default_rng(len(logs))
    centred = np.asarray(logs) - np.mean(logs)
    shuffled = rng.permuted(np.tile(centred, (_PERMUTATIONS, 1)), axis=1)
    n, at = len(logs), np.arange(1, len(logs))
    weights = 1 / np.sqrt(at * (n - at) / n)
    seen = np.abs(np.cumsum(centred)[:-1]) * weights
    chance = np.max(np.abs(np.cumsum(shuffled, axis=1)[:, :-1]) * weights, axis=1)
    p = (1 + np.sum(chance >= seen.max())) / (1 + _PERMUTATIONS)
    return int(seen.argmax()) + 1 if p <= _LEVEL else 0


def penalised(logs: Sequence[float]) -> tuple[int, ...]:
    """Least squares with 3 log n a step, as PELT minimises it; sd by differences of neighbours."""
    values, n = np.asarray(logs), len(logs)
    sd = 1.4826 * np.median(np.abs(np.diff(values))) / np.sqrt(2)
    sums = np.concatenate([[0], np.cumsum(values)])
    squares = np.concatenate([[0], np.cumsum(values**2)])
    cost, last = np.zeros(n + 1), np.zeros(n + 1, int)
    cost[0] = -3 * np.log(n) * sd**2
    for end in range(1, n + 1):
        starts = np.array([0, *range(FEWEST_BESIDE, end - FEWEST_BESIDE + 1)])
        of_part = squares[end] - squares[starts] - (sums[end] - sums[starts]) ** 2 / (end - starts)
        total = cost[starts] + of_part + 3 * np.log(n) * sd**2
        cost[end], last[end] = total.min(), starts[total.argmin()]
    found: list[int] = []
    end = int(last[n])
    while end:
        found.insert(0, end)
        end = int(last[end])
    return tuple(found)


def _ruptures(logs: Sequence[float]) -> tuple[int, ...]:
    """Kernel change points with the penalty that its documentation proposes for it."""
    ruptures = importlib.import_module("ruptures")
    values = np.asarray(logs)
    search = ruptures.KernelCPD(kernel="rbf", min_size=FEWEST_BESIDE).fit(values)
    return tuple(search.predict(pen=2 * np.log(len(logs)))[:-1])


def methods() -> dict[str, Method]:
    """By name, ours first; ruptures where it is installed."""
    found: dict[str, Method] = {
        "ours": ours,
        "Pettitt, p < .01, recursively": _recursive(_pettitt),
        "permuted sums, p ≤ .01, recursively": _recursive(_permuted),
        "least squares, 3 log n a step (PELT)": penalised,
    }
    if importlib.util.find_spec("ruptures"):
        found["ruptures 1.1, KernelCPD(rbf), 2 log n"] = _ruptures
    return found
