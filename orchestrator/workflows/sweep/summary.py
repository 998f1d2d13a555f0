"""What all problems of a sweep came to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from orchestrator.workflows.sweep.outcome import Kind, Outcome

# The speeds that KernelBench quotes: right, and more than so many times as fast.
FAST = (0.0, 0.5, 0.8, 1.0, 1.5, 2.0)


@dataclass(frozen=True)
class Summary:
    """outcomes: in the order of the problems."""

    outcomes: tuple[Outcome, ...]

    @property
    def counts(self) -> tuple[tuple[Kind, int], ...]:
        """How many there are of each kind, those that there are."""
        found = Counter(one.kind for one in self.outcomes)
        return tuple((kind, found[kind]) for kind in Kind if found[kind])

    @property
    def all_passed(self) -> bool:
        return bool(self.outcomes) and all(one.kind is Kind.PASSED for one in self.outcomes)

    def fast(self) -> tuple[tuple[float, float], ...]:
        """fast_p: the share of all problems whose candidate is right and more than p times as fast
        as the reference, by the medians of interleaved samples. Empty where nothing was timed
        beside a reference."""
        if not any(one.speedups for one in self.outcomes):
            return ()
        best = [max(one.speedups.values(), default=0.0) for one in self.outcomes]
        return tuple((p, sum(speed > p for speed in best) / len(best)) for p in FAST)

    def document(self) -> dict[str, Any]:
        """For --json."""
        return {
            "counts": {kind.value: number for kind, number in self.counts},
            "fast_p": {f"{p:g}": share for p, share in self.fast()},
            "problems": [{**asdict(one), "kind": one.kind.value} for one in self.outcomes],
        }


def lines(summary: Summary) -> Sequence[str]:
    """The same for people: what did not pass with its reason, then the counts."""
    told = [
        f"{one.kind.value}: {one.problem}: {one.reason}"
        for one in summary.outcomes
        if one.kind is not Kind.PASSED
    ]
    counts = ", ".join(f"{number} {kind.value}" for kind, number in summary.counts)
    told.append(f"{len(summary.outcomes)} problems: {counts}")
    if fast := summary.fast():
        told.append("fast_p: " + ", ".join(f"{share:.3g} at p = {p:g}" for p, share in fast))
    return told
