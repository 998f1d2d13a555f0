"""What pytest-benchmark says of samples, in seconds; its own documentation names the quantities.

Quartiles: of an even number the medians of the halves, of an odd one the weighted neighbours of the
quarter (Wikipedia, Quartile, methods 2 and 3), as there.
"""

from __future__ import annotations

import statistics
from collections.abc import Sequence

_TUKEY = 1.5  # Tukey, Exploratory Data Analysis, 1977: so many interquartile ranges are the fence
_PER_S = 1e6


def stats(samples_us: Sequence[float], calls: int) -> dict[str, object]:
    """Of one timing; samples_us: per call, at least one. calls: per sample."""
    data = [us / _PER_S for us in samples_us]
    mean = statistics.mean(data)
    spread = statistics.stdev(data) if len(data) > 1 else 0.0
    q1, q3 = quartiles(sorted(data))
    low, high = q1 - _TUKEY * (q3 - q1), q3 + _TUKEY * (q3 - q1)
    within = [one for one in data if low <= one <= high]
    far = sum(not mean - spread <= one <= mean + spread for one in data)
    out = len(data) - len(within)
    return {
        "min": min(data),
        "max": max(data),
        "mean": mean,
        "stddev": spread,
        "rounds": len(data),
        "median": statistics.median(data),
        "iqr": q3 - q1,
        "q1": q1,
        "q3": q3,
        "iqr_outliers": out,
        "stddev_outliers": far,
        "outliers": f"{far};{out}",
        "ld15iqr": min(within),
        "hd15iqr": max(within),
        "ops": len(data) / sum(data),
        "total": sum(data),
        "data": data,
        "iterations": max(calls, 1),
    }


def quartiles(ordered: Sequence[float]) -> tuple[float, float]:
    """The first and the third of what is in order."""
    number = len(ordered)
    if number == 1:
        return ordered[0], ordered[0]
    if number % 2 == 0:
        half = number // 2
        return statistics.median(ordered[:half]), statistics.median(ordered[half:])
    quarter, rest = divmod(number, 4)
    if rest == 1:
        first = ordered[quarter - 1] / 4 + 3 * ordered[quarter] / 4
        return first, 3 * ordered[3 * quarter] / 4 + ordered[3 * quarter + 1] / 4
    first = 3 * ordered[quarter] / 4 + ordered[quarter + 1] / 4
    return first, ordered[3 * quarter + 1] / 4 + 3 * ordered[3 * quarter + 2] / 4
