"""Rates of a case's work; the basis of every TFLOPS and roofline figure."""

from __future__ import annotations

from remote_payload.contract.facts import CaseFacts


def tflops(facts: CaseFacts, total_us: float) -> float | None:
    """Achieved TFLOPS of one call that took total_us microseconds; None where nobody knows how
    much work it is, or it has none to count."""
    if facts.work is None or not facts.work.flop:
        return None
    return facts.work.flop / total_us / 1e6


def gbs(facts: CaseFacts, total_us: float) -> float | None:
    """GB/s of compulsory traffic of such a call; None where nobody knows how much that is."""
    if facts.work is None or not facts.work.traffic_bytes:
        return None
    return facts.work.traffic_bytes / total_us / 1e3


def intensity(facts: CaseFacts) -> float | None:
    """Arithmetic intensity in FLOP per byte of compulsory traffic; None as in `tflops`."""
    work = facts.work
    return work.flop / work.traffic_bytes if work and work.flop and work.traffic_bytes else None


def size(facts: CaseFacts) -> int:
    """How much there is to do, for telling which of some cases has the most: FLOP, else bytes."""
    work = facts.work
    return (work.flop or work.traffic_bytes) if work else 0
