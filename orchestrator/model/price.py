"""What a run cost: a price per hour times how long its command took."""

from __future__ import annotations

from dataclasses import dataclass

_HOUR_S = 3600.0


@dataclass(frozen=True)
class Price:
    """usd_per_hour: of the whole pod, as its provider said when the command began; its disk and
    the time before and after the command are not in it. duration_s: of the command."""

    usd_per_hour: float
    duration_s: float
    gpu: str | None = None
    gpu_count: int = 0

    @property
    def usd(self) -> float:
        return self.usd_per_hour * self.duration_s / _HOUR_S

    @property
    def words(self) -> str:
        minutes = self.duration_s / 60
        return f"{minutes:.1f} min × {self.usd_per_hour:.2f} $/h = {self.usd:.2f} $"
