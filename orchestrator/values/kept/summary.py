"""What a run came to, in so few words and figures that thousands of them can be looked through."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Row:
    """One provider on one case by one method, as its race was judged when it came home.

    case: the case's label; dtype: its word, such as fp16. median_us, low_us, high_us: of one call;
    low and high None where there is no interval. starts: of its process; 0 in results that say
    nothing of them. per, unit: the call's time is of so many of the operator's units. baseline:
    whom the verdict compares with, "" for nobody; then ratio, baseline time / own time, above 1 is
    faster, is None with its interval, and verdict "". refuted: an objection says it cannot be true.
    """

    provider: str
    case: str
    method: str
    dtype: str
    median_us: float
    low_us: float | None = None
    high_us: float | None = None
    starts: int = 0
    per: int = 1
    unit: str = ""
    baseline: str = ""
    ratio: float | None = None
    ratio_low: float | None = None
    ratio_high: float | None = None
    verdict: str = ""
    refuted: bool = False


@dataclass(frozen=True)
class Summary:
    """What a run came to, made when it came home.

    status: the result's word, or "lost" where none came; reason: why, where it did not go well.
    verdict: the report's first line, in few words. machine: one line that is the same for every run
    on machines whose times may be compared, "" where none was met. gpu: its name. result_sha256: of
    the result that this was made of; of another one it says nothing.
    """

    status: str
    reason: str = ""
    verdict: str = ""
    machine: str = ""
    gpu: str = ""
    rows: tuple[Row, ...] = ()
    result_sha256: str = ""
