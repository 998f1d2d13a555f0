"""Races made by hand: what starts of a process gave, on one case, by one method."""

from __future__ import annotations

import random
from collections.abc import Sequence

from orchestrator.performance.verdict import Terms
from remote_payload.contract.records import BenchRecord
from tests.report import synthetic

CASE = synthetic.case(8)
TERMS = Terms()


def record(name: str, taken: Sequence[Sequence[float]], **changes: object) -> BenchRecord:
    """taken: the samples of each start, in µs."""
    samples = tuple(us for one in taken for us in one)
    return synthetic.bench(
        name, CASE, samples, **{"starts": tuple(len(one) for one in taken), **changes}
    )


def steady(
    name: str,
    median_us: float = 100.0,
    starts: int = 8,
    rounds: int = 5,
    noise: float = 0.002,
    between: float = 0.001,
    **changes: object,
) -> BenchRecord:
    """Normal noise within starts, and between them; the same for the same name and figures."""
    rng = random.Random(f"{name} {median_us} {starts} {sorted(changes)}")
    levels = [median_us * (1 + between * rng.gauss(0, 1)) for _ in range(starts)]
    each = [[us * (1 + noise * rng.gauss(0, 1)) for _ in range(rounds)] for us in levels]
    return record(name, each, **changes)


def control(**changes: object) -> BenchRecord:
    return steady("base", control=True, **changes)  # type: ignore[arg-type]
