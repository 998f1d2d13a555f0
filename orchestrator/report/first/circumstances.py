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
    told = [f"{card.verb} on {card.host}, {card.run_id}"]
    told += [_commit(one.commit, one.is_clean) for one in card.revisions[:1]]
    told.append(f"snapshot {card.snapshot[:_SNAPSHOT]}")
    machine = result.machine if result else None
    if machine is not None:
        told += [f"torch {machine.torch}"] if machine.torch else []
        told += [f"driver {machine.driver}"] if machine.driver else []
    if result is not None:
        told += [_when(result.started_at, result.finished_at)]
    if run.price is not None:
        told.append(run.price.words)
    return ", ".join(told)


def _commit(commit: str, is_clean: bool | None) -> str:
    state = {True: "clean", False: "with uncommitted edits", None: "clean or not, git did not say"}
    return f"commit {commit[:_COMMIT]} ({state[is_clean]})"


def _when(started: str, finished: str) -> str:
    """`2026-11-22 10:15 UTC, 2 min 32 s`."""
    try:
        begin, end = (
            datetime.fromisoformat(at.replace("Z", "+00:00")) for at in (started, finished)
        )
    except ValueError:
        return started
    minutes, seconds = divmod(round((end - begin).total_seconds()), 60)
    lasted = f"{minutes} min {seconds} s" if minutes else f"{seconds} s"
    return f"{begin:%Y-%m-%d %H:%M} UTC, {lasted}"


def clocks(result: Result) -> list[str]:
    """The clock under load, whether it was held back, and who else used the GPU; nothing of a
    CPU."""
    if result.machine is None or result.machine.gpu is None or not result.machine.gpu_count:
        return []
    seen = [one for one in result.watched if one.sm_clock_mhz is not None]
    if not result.watched:
        return [*_after(result.machine.after), "nobody watched the machine during the races"]
    told = []
    if seen:
        middle = median(one.sm_clock_mhz.median for one in seen if one.sm_clock_mhz)
        told.append(f"SM clock {middle:.0f} MHz")
    reasons = [one.throttle for one in result.watched if one.throttle is not None]
    if reasons:
        held = holding(tuple(dict.fromkeys(name for each in reasons for name, _ in each)))
        told.append(f"held back: {', '.join(held)}" if held else "not throttled")
    company = [n for one in result.watched if (n := one.other_processes) is not None]
    if company:
        most = max(company)
        told.append(
            f"{fmt.count(most, 'other process')} on the GPU" if most else "alone on the GPU"
        )
    return told


def _after(state: GpuState | None) -> list[str]:
    """What the GPU said right after the races."""
    if state is None:
        return []
    told = [] if state.sm_clock_mhz is None else [f"SM clock {state.sm_clock_mhz:.0f} MHz after"]
    if state.throttle_reasons is not None:
        held = holding(state.throttle_reasons)
        told.append(f"held back: {', '.join(held)}" if held else "not throttled")
    if state.other_processes is not None:
        alone = not state.other_processes
        told.append("alone on the GPU" if alone else f"{state.other_processes} others on the GPU")
    return told
