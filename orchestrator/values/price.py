"""What a run cost: a price per hour times how long each of its commands took."""

from __future__ import annotations

from dataclasses import dataclass, replace

_HOUR_S = 3600.0
_MINUTE_S = 60


@dataclass(frozen=True)
class Charge:
    """What one command cost.

    usd_per_hour: of the whole pod, as its provider said when the command began; its disk and the
    time before and after the command are not in it. duration_s: of the command. gpu: "" for a
    pod without one. ValueError: a negative figure.
    """

    usd_per_hour: float
    duration_s: float
    gpu: str = ""
    gpu_count: int = 0

    def __post_init__(self) -> None:
        for name in ("usd_per_hour", "duration_s"):
            if (value := getattr(self, name)) < 0:
                raise ValueError(f"{name}: {value:g}, expected at least 0")

    @property
    def usd(self) -> float:
        return self.usd_per_hour * self.duration_s / _HOUR_S

    @property
    def device(self) -> str:
        return f"{self.gpu_count} × {self.gpu}" if self.gpu else "no GPU"


@dataclass(frozen=True)
class Price:
    """The charges of the commands that followed a run on a pod, the first one first.

    unpriced: how many more there were, whose price nobody told. Commands that ran at the same
    time count twice. ValueError: a negative number of commands.
    """

    charges: tuple[Charge, ...] = ()
    unpriced: int = 0

    def __post_init__(self) -> None:
        if self.unpriced < 0:
            raise ValueError(f"unpriced: {self.unpriced} commands, expected at least 0")

    def plus(self, charge: Charge | None) -> Price:
        """The price with one more command; None: what it cost is not known."""
        if charge is None:
            return replace(self, unpriced=self.unpriced + 1)
        return replace(self, charges=(*self.charges, charge))

    @property
    def usd(self) -> float | None:
        """The sum of what is known; None where nothing is."""
        return sum(charge.usd for charge in self.charges) if self.charges else None

    @property
    def commands(self) -> int:
        return len(self.charges) + self.unpriced

    @property
    def words(self) -> str:
        """For people: "0.31 $ (3.29 $/h × 5 min 40 s, 1 × H100), of this command; …"."""
        if self.usd is None:
            return "not known; nobody told the price"
        amount = f"{self.usd:.2f} $" if self.usd >= 0.005 or not self.usd else "under 0.01 $"
        rates: dict[float, float] = {}
        for charge in self.charges:
            rates[charge.usd_per_hour] = rates.get(charge.usd_per_hour, 0.0) + charge.duration_s
        terms = " + ".join(f"{rate:.2f} $/h × {_duration(s)}" for rate, s in rates.items())
        devices = ", ".join(dict.fromkeys(charge.device for charge in self.charges))
        return f"{amount} ({terms}, {devices}), of {self._whose}; not an invoice"

    @property
    def _whose(self) -> str:
        if self.unpriced:
            return f"{len(self.charges)} of {self.commands} commands, as nobody told the rest"
        return "this command" if self.commands == 1 else f"{self.commands} commands"


def _duration(seconds: float) -> str:
    minutes, left_s = divmod(round(seconds), _MINUTE_S)
    hours, minutes = divmod(minutes, _MINUTE_S)
    parts = ((hours, "h"), (minutes, "min"), (left_s, "s"))
    return " ".join(f"{value} {unit}" for value, unit in parts if value) or "0 s"
