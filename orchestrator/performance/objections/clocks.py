"""The clocks of the GPU, and its company, around the times that were taken."""

from __future__ import annotations

from collections.abc import Iterator

from orchestrator.performance.objection import Objection, Severity, timed
from orchestrator.performance.objections.meanwhile import watched_gpu
from remote_payload.contract.machine import GpuState
from remote_payload.contract.result import Result
from remote_payload.contract.tools.throttle import holding

CLOCK_DRIFT = 0.05


def clocks(result: Result) -> Iterator[Objection]:
    """Clocks held back or moving, and company; of races that were watched, `meanwhile` tells."""
    if watched_gpu(result):
        return
    states = [state for record in timed(result) for state in (record.before, record.after)]
    if result.machine is not None:
        states += [result.machine.before, result.machine.after]
    known = [state for state in states if state is not None]
    reasons = sorted({r for state in known for r in holding(state.throttle_reasons or ())})
    if reasons:
        text = f"the GPU held its clocks back ({', '.join(reasons)})"
        yield Objection(Severity.DOUBT, "the whole run", text)
    others = max((state.other_processes or 0 for state in known), default=0)
    if others:
        text = f"up to {others} other processes used the GPU"
        yield Objection(Severity.DOUBT, "the whole run", text)
    yield from _drift([record.after for record in timed(result)])


def _drift(after: list[GpuState | None]) -> Iterator[Objection]:
    """Clocks right after each timing, when the GPU is still warm; idle clocks say nothing."""
    clocks = [state.sm_clock_mhz for state in after if state is not None and state.sm_clock_mhz]
    if clocks and max(clocks) > min(clocks) * (1 + CLOCK_DRIFT):
        text = f"the SM clock moved between {min(clocks):.0f} and {max(clocks):.0f} MHz"
        yield Objection(Severity.DOUBT, "the whole run", text)
