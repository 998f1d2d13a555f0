"""The measured ceilings of two runs: two runs on one machine agree within 5 %."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from orchestrator.performance.ceiling import Ceiling, ceilings
from orchestrator.performance.verdict import Verdict
from orchestrator.report.comparing.condition import UNTOLD, Condition
from remote_payload.contract.result import Result

AGREE = 0.05
_SCALE = {"byte": (1e9, "GB/s"), "flop": (1e12, "TFLOPS"), "exp": (1e12, "10^12 exp/s")}


@dataclass(frozen=True)
class CeilingChange:
    """One ceiling in both runs. ratio: after / before, None where one cannot be trusted; before,
    after, and the SM clocks right after each: in words."""

    name: str
    before: str
    after: str
    before_mhz: str
    after_mhz: str
    ratio: float | None
    reason: str = ""

    @property
    def verdict(self) -> Verdict:
        """SAME within 5 %."""
        if self.ratio is None:
            return Verdict.INCONCLUSIVE
        if max(self.ratio, 1 / self.ratio) <= 1 + AGREE:
            return Verdict.SAME
        return Verdict.FASTER if self.ratio > 1 else Verdict.SLOWER


def changes(before: Result, after: Result) -> tuple[CeilingChange, ...]:
    """Every ceiling that both runs were to measure, in the first one's order."""
    new = {one.record.name: one for one in ceilings(after)}
    pairs = [(one, new[one.record.name]) for one in ceilings(before) if one.record.name in new]
    return tuple(_change(one, other) for one, other in pairs)


def missing(before: Result, after: Result) -> tuple[str, ...]:
    """Ceilings that the first run measured and the second did not try."""
    new = {one.name for one in after.ceilings}
    return tuple(one.name for one in before.ceilings if one.name not in new)


def conditions(before: Result, after: Result) -> Iterator[Condition]:
    """A machine that gives less to everybody by this much can give it to one more than another."""
    for one in changes(before, after):
        if one.ratio is not None:
            most = max(one.ratio, 1 / one.ratio) - 1
            why = "the machine itself gives another share of its ceiling"
            same = one.verdict is Verdict.SAME
            yield Condition(f"ceiling {one.name}", one.before, one.after, same, why, most)


def _change(one: Ceiling, other: Ceiling) -> CeilingChange:
    rates = one.trusted_rate, other.trusted_rate
    reason = next((_why(each) for each in (one, other) if each.trusted_rate is None), "")
    ratio = rates[1] / rates[0] if rates[0] and rates[1] else None
    if ratio is not None and one.record.what != other.record.what:
        ratio, reason = None, "they were not taken the same way"
    told = (_rate(one), _rate(other), _mhz(one), _mhz(other))
    return CeilingChange(one.record.name, *told, ratio, reason)


def _why(one: Ceiling) -> str:
    return one.doubt or one.record.reason or f"{one.record.status.value}, no usable sample"


def _rate(one: Ceiling) -> str:
    if one.rate is None:
        return UNTOLD
    scale, unit = _SCALE.get(one.record.unit, (1.0, f"{one.record.unit}/s"))
    return f"{one.rate / scale:.4g} {unit}"


def _mhz(one: Ceiling) -> str:
    after = one.record.after
    return f"{after.sm_clock_mhz:.0f} MHz" if after and after.sm_clock_mhz else UNTOLD
