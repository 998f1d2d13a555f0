"""Checks that hardly anything could fail."""

from __future__ import annotations

from collections.abc import Iterator

from orchestrator.performance.objection import Objection, Severity, about, timed
from remote_payload.contract.case import Case
from remote_payload.contract.facts import Gate, Tolerance
from remote_payload.contract.result import Result
from remote_payload.contract.words import Status

# From here on outputs of nothing but zeros are let through: every error is as large as its value.
SENSELESS = 1.0


def senseless(result: Result) -> Iterator[Objection]:
    """Tolerances that let zeros pass, of whatever was timed by them.

    An absolute limit alone is a doubt: that zeros pass it depends on how large the outputs are, and
    where the worst element is known and larger than it, there is none.
    """
    ruled = {(c.provider, c.case) for c in result.checks if c.ruling is not None}
    for record in timed(result):
        tolerance = result.facts(record.case).tolerance
        if tolerance is None or (record.provider, record.case) in ruled:
            continue
        text = f"checked by a tolerance of {SENSELESS:g} and more, which outputs of zeros pass"
        if _all_wide(tolerance, absolute=False):
            yield Objection(Severity.ERROR, about(record), text)
        elif _all_wide(tolerance, absolute=True) and _small(result, record.case):
            yield Objection(Severity.DOUBT, about(record), f"{text} unless they are larger")


def _all_wide(tolerance: Tolerance, absolute: bool) -> bool:
    """Whether some output has no gate that is of sense; those without a number are for all."""
    named = [gate.output for gate in tolerance.gates if gate.output is not None]
    outputs: list[int | None] = [*named] or [None]
    return bool(tolerance.gates) and any(
        all(_wide(gate, absolute) for gate in tolerance.gates if gate.output in (None, output))
        for output in outputs
    )


def _wide(gate: Gate, absolute: bool) -> bool:
    return max(gate.rtol, gate.spread, gate.atol if absolute else 0.0) >= SENSELESS


def _small(result: Result, case: Case) -> bool:
    """Whether nothing shows that outputs are larger than the absolute limit; whole numbers are off
    by one where floating-point numbers would be rounded."""
    if not case.dtype.rounds:
        return False
    tolerance = result.facts(case).tolerance
    most = max((gate.atol for gate in tolerance.gates), default=0.0) if tolerance else 0.0
    errors = (c.error for c in result.checks if c.case == case and c.status is Status.OK)
    wanted = [abs(e.worst_want) for e in errors if e is not None and e.worst_want is not None]
    return all(want <= most for want in wanted)
