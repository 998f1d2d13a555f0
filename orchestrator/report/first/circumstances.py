"""Under which circumstances a run ran, in a line each."""

from __future__ import annotations

from datetime import datetime
from statistics import median

from orchestrator.report.wording import format as fmt
from orchestrator.values.run import Run
from remote_payload.contract.machine import GpuState
from remote_payload.contract.result import Result
from remote_payload.contract.tools.throttle import holding

_COMMIT, _SNAPSHOT = 7, 12  # digits that tell one from another


def ran(run: Run) -> str:
    """What ran, of which sources, with which versions, when, for how long, at what cost."""
    card, result = run.card, run.result
    # The name says when, where, and what, but not of which operator.
    told = [result.operator.title if result else "", card.run_id]
    told += [_commit(one.commit, one.is_clean) for one in card.revisions[:1]]
    told.append(f"snapshot {card.snapshot[:_SNAPSHOT]}")
    machine = result.machine if result else None
    if machine is not None:
        told += [f"torch {machine.torch}"] if machine.torch else []
        told += [f"driver {machine.driver}"] if machine.driver else []
    if result is not None:
        told += [_lasted(result.started_at, result.finished_at)]
    if run.price is not None:
        told.append(run.price.words)
    return ", ".join(filter(None, told))


def _commit(commit: str, is_clean: bool | None) -> str:
    state = {True: "clean", False: "with uncommitted edits", None: "clean or not, git did not say"}
    return f"commit {commit[:_COMMIT]} ({state[is_clean]})"


def _lasted(started: str, finished: str) -> str:
    """`2 min 32 s`; "" where a time cannot be read."""
    try:
        begin, end = (
            datetime.fromisoformat(at.replace("Z", "+00:00")) for at in (started, finished)
        )
    except ValueError:
        return ""
    minutes, seconds = divmod(round((end - begin).total_seconds()), 60)
    return f"{minutes} min {seconds} s" if minutes else f"{seconds} s"


def clocks(result: Result) -> list[str]:
    """The clock under load, whether it was held back, and who else used the GPU; nothing of a
    CPU."""
    machine = result.machine
    if machine is None or machine.gpu is None or not machine.gpu_count:
        return []
    if not result.watched:
        return [*_after(machine.after), "nobody watched"]
    seen = [one.sm_clock_mhz.median for one in result.watched if one.sm_clock_mhz is not None]
    reasons = [one.throttle for one in result.watched if one.throttle is not None]
    company = [one.other_processes for one in result.watched if one.other_processes is not None]
    told = _of_gpu(
        median(seen) if seen else None,
        tuple(dict.fromkeys(name for each in reasons for name, _ in each)) if reasons else None,
        max(company) if company else None,
    )
    return [", ".join(told)] if told else []


def _after(state: GpuState | None) -> list[str]:
    """What the GPU said right after the races."""
    if state is None:
        return []
    told = _of_gpu(state.sm_clock_mhz, state.throttle_reasons, state.other_processes)
    return [f"afterwards {', '.join(told)}"] if told else []


def _of_gpu(
    clock_mhz: float | None, reasons: tuple[str, ...] | None, others: int | None
) -> list[str]:
    """None where nobody told."""
    told = [] if clock_mhz is None else [f"{clock_mhz:.0f} MHz"]
    if reasons is not None:
        held = holding(reasons)
        told.append(f"held back by {', '.join(held)}" if held else "not throttled")
    if others is not None:
        told.append(f"with {fmt.count(others, 'other')} on the GPU" if others else "alone")
    return told
