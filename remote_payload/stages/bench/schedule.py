"""Who is timed when, and how often: starts, rounds in any order, an A/A pair, a time budget."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Optional, Sequence, Tuple

from remote_payload.contract.plans import BenchPlan
from remote_payload.contract.words import Method

DEFAULT = BenchPlan()
CPU_BUDGET_S = 30.0
GPU_BUDGET_S = 180.0  # beyond the first look, for what is not decided by then
FEWEST_ROUNDS = 1  # of each start
TRIAL_CALLS = 2  # unmeasured calls of each entrant by which the effort is chosen
# Single cold calls are cheap, and one alone is a noisy round; to flush a CPU takes longer.
COLD_SAMPLES = {"cpu": 3, "cuda": 5}
# What is longer than a few slices of a scheduler (3 ms and more) is wasted on a CPU: starts differ
# by more than that, and the time is better spent on more of them.
CPU_SAMPLE_S = 0.1


@dataclass(frozen=True)
class Entrant:
    """One line of the race. control: the baseline once more, the other half of the A/A pair."""

    provider: str
    control: bool = False


@dataclass(frozen=True)
class Trial:
    """What one call of every entrant took by a method, all together, flushes included for COLD."""

    turn_s: float
    entrants: int


@dataclass(frozen=True)
class Effort:
    """How one case is timed by one method.

    warmup: launches before each sample; for COLD those of the trial, long before.
    calls: launches per sample. rounds: of each start. per_round: samples per entrant and round.
    """

    warmup: int
    calls: int
    rounds: int
    per_round: int = 1


def entrants(providers: Sequence[str], baseline: str) -> Tuple[Entrant, ...]:
    """All providers, and last the baseline (or the first provider) again as the control."""
    again = baseline if baseline in providers else providers[0]
    return (*(Entrant(name) for name in providers), Entrant(again, control=True))


def methods_on(device: str, plan: BenchPlan) -> Tuple[Method, ...]:
    """Those of the plan's methods that the device has: a CPU has no CUDA graphs."""
    return tuple(m for m in plan.methods if device == "cuda" or m is not Method.GRAPH)


def slot_s(plan: BenchPlan, device: str, cases: int) -> Optional[float]:
    """Seconds for each (case, method) of a start, up to the first look; None if nothing bounds
    them."""
    budget_s = plan.budget_s or (CPU_BUDGET_S if device == "cpu" else 0.0)
    shares = cases * len(methods_on(device, plan)) * plan.starts[0]
    return budget_s / shares if budget_s else None


def budget_s(plan: BenchPlan, device: str) -> float:
    """How long all starts may take together; those up to the first look are taken in any case."""
    return plan.budget_s or (CPU_BUDGET_S if device == "cpu" else GPU_BUDGET_S)


def effort(
    method: Method, plan: BenchPlan, device: str, trial: Trial, slot: Optional[float]
) -> Effort:
    """The plan, cut down until it fits `slot` seconds, to no fewer than FEWEST_ROUNDS rounds."""
    turn_s = trial.turn_s
    warmup = plan.warmup or DEFAULT.warmup
    calls = plan.calls or DEFAULT.calls
    rounds = plan.rounds or DEFAULT.rounds
    if method is Method.COLD:
        if slot is None:
            return Effort(TRIAL_CALLS, 1, rounds, COLD_SAMPLES[device])
        per_round = min(COLD_SAMPLES[device], max(1, int(slot / rounds / turn_s)))
        return Effort(TRIAL_CALLS, 1, _fitting(rounds, per_round * turn_s, slot), per_round)
    if device == "cpu":
        calls = min(calls, max(1, round(CPU_SAMPLE_S * trial.entrants / turn_s)))
        warmup = min(warmup, max(1, calls // 4))
    if method is Method.GRAPH:
        # A recording is replayed as a whole, so its warm-up is as long as what is measured.
        if slot is not None:
            calls = min(calls, max(1, int(slot / rounds / turn_s) // 2))
            rounds = _fitting(rounds, 2 * calls * turn_s, slot)
        return Effort(calls, calls, rounds)
    if slot is None:
        return Effort(warmup, calls, rounds)
    launches = int(slot / rounds / turn_s)
    if launches >= 2:
        # One launch in eleven is a warm-up, as in the unbounded plan of 10 and 100.
        warmup = min(warmup, max(1, launches // 11))
        return Effort(warmup, min(calls, launches - warmup), rounds)
    return Effort(1, 1, _fitting(rounds, 2 * turn_s, slot))


def shortened(method: Method, whole: Effort, chosen: Effort) -> str:
    """What `chosen` has less of than `whole`, "468 of 5000 rounds"; empty if nothing."""
    counts = [(chosen.rounds, whole.rounds, "rounds")]
    if method is Method.COLD:
        counts.append((chosen.per_round, whole.per_round, "samples per round"))
    else:
        counts.append((chosen.calls, whole.calls, "calls per sample"))
    if method is Method.BACK_TO_BACK:
        counts.append((chosen.warmup, whole.warmup, "warm-ups per sample"))
    return ", ".join(f"{had} of {asked} {what}" for had, asked, what in counts if had < asked)


def _fitting(rounds: int, round_s: float, slot: float) -> int:
    return min(rounds, max(FEWEST_ROUNDS, int(slot / round_s)))
