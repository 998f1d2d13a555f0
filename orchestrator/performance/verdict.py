"""Faster, slower, the same, or not known: a verdict needs an interval and a noise floor."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from orchestrator.performance.stats import Ratio

# A difference below one percent is not worth a word even where it can be measured.
MINIMUM_EFFECT = 0.01
# An A/A pair that differs by more than this says more about the machine than about the code.
NOISY = 0.05


class Verdict(str, Enum):
    """What can be said about two timings."""

    FASTER = "FASTER"
    SLOWER = "SLOWER"
    SAME = "SAME"
    INCONCLUSIVE = "INCONCLUSIVE"


@dataclass(frozen=True)
class Judgement:
    """A verdict with its evidence.

    speedup: baseline time / our time, above 1 is faster. noise: relative noise floor of the
    run; None without an A/A pair. advice: what to do; empty unless INCONCLUSIVE. by_graph: the
    GPU waited for the host in the timings compared, so their graphs were compared instead.
    """

    verdict: Verdict
    speedup: Ratio
    noise: float | None
    advice: str = ""
    by_graph: bool = False


def noise_floor(control: Ratio) -> float | None:
    """The largest relative difference that an A/A pair of this run cannot rule out."""
    if control.low is None or control.high is None:
        return None
    return max(abs(1 - control.low), abs(control.high - 1))


def judge(speedup: Ratio, noise: float | None) -> Judgement:
    """Compare an interval with the band around 1 that noise and minimum effect leave open.

    SAME means shown to lie inside the band, not merely "no difference found"; a band wider than
    NOISY shows nothing of the kind.
    """
    if speedup.low is None or speedup.high is None:
        advice = f"only {speedup.n} samples to compare; an interval needs at least 6 rounds"
        return Judgement(Verdict.INCONCLUSIVE, speedup, noise, advice)
    if noise is None:
        advice = "no A/A control with an interval in this run, so its noise floor is unknown"
        return Judgement(Verdict.INCONCLUSIVE, speedup, noise, advice)
    band = 1 + max(noise, MINIMUM_EFFECT)
    if speedup.low > band:
        return Judgement(Verdict.FASTER, speedup, noise)
    if speedup.high < 1 / band:
        return Judgement(Verdict.SLOWER, speedup, noise)
    if noise <= NOISY and 1 / band <= speedup.low and speedup.high <= band:
        return Judgement(Verdict.SAME, speedup, noise)
    return Judgement(Verdict.INCONCLUSIVE, speedup, noise, _advice(speedup.n, noise))


def _advice(pairs: int, noise: float) -> str:
    if noise > NOISY:
        return (
            f"the same code differs from itself by up to {100 * noise:.0f} %: use a quiet machine "
            "(no other process, stable clocks), then repeat"
        )
    return f"the interval crosses the noise band: repeat with at least {4 * pairs} samples"
