"""What an audit deals in: figures with their meaning, rows, and what was found about them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from remote_payload.contract.case import Case
from remote_payload.contract.facts import CaseFacts


class Quantity(str, Enum):
    """What a figure tells. Values are kept in µs, FLOP/s, B/s, FLOP, B, FLOP/B, and as ratios."""

    TIME = "time"
    FLOP_RATE = "FLOP rate"
    BYTE_RATE = "bandwidth"
    OTHER_RATE = "calls per second"
    SPEEDUP = "speed-up"
    SLOWDOWN = "slow-down"
    SHARE = "share of a peak"
    SPREAD = "spread of the times"
    RELATIVE_SPREAD = "relative spread"
    INTENSITY = "FLOP per byte"
    FLOP = "FLOP of a call"
    BYTES = "bytes of a call"
    COUNT = "number of calls"


class Role(str, Enum):
    """MEASURED: of a call. TARGET: what was to be reached. PEAK: what the machine has."""

    MEASURED = "measured"
    TARGET = "target"
    PEAK = "peak"


# What a time is of many: percentiles are "p50", "p90", "p99.9".
MEAN, BEST, WORST, TOTAL = "mean", "min", "max", "total"
# The ends of an interval.
LOW, HIGH = "low", "high"


@dataclass(frozen=True)
class Figure:
    """One number of a file that was recognised.

    key: as the file calls it. who: whose it is, "" where the key does not say. against: of a
    speed-up, over whom. statistic: which of many times; "" where the key does not say. scaled:
    False for a time whose unit nobody tells. slack: half a unit of its last printed digit, of the
    value. counted: by hardware, as the key says.
    """

    key: str
    quantity: Quantity
    value: float
    who: str = ""
    against: str = ""
    statistic: str = ""
    role: Role = Role.MEASURED
    scaled: bool = True
    slack: float = 0.0
    counted: bool = False


@dataclass(frozen=True)
class Series:
    """Raw samples in µs, in the order of the file."""

    key: str
    who: str
    samples_us: tuple[float, ...]


@dataclass(frozen=True)
class Boast:
    """A claim in words: "target met", "2.1× faster". factor: of the times; None if not told.

    of_target: it is about a target. loose: only beside a target is it a claim of speed at all, as
    `status: passed`. winner: who is said to be the fastest.
    """

    key: str
    words: str
    factor: float | None = None
    of_target: bool = False
    loose: bool = False
    winner: str = ""


@dataclass(frozen=True)
class Known:
    """The work of a row. case: None where too little is told; missing: what it lacks, in words.

    has_dtype: else the FLOP are known, and no bytes. mask_told: else it was taken as dense.
    """

    case: Case | None = None
    facts: CaseFacts | None = None
    missing: tuple[str, ...] = ()
    has_dtype: bool = True
    mask_told: bool = True

    @property
    def flop(self) -> int | None:
        work = self.facts.work if self.facts else None
        return work.flop or None if work else None

    @property
    def traffic_bytes(self) -> int | None:
        work = self.facts.work if self.facts and self.has_dtype else None
        return work.traffic_bytes or None if work else None

    @property
    def label(self) -> str:
        """The case in words; "" for none."""
        if self.case is None:
            return ""
        return self.case.label if self.has_dtype else _without_dtype(self.case)


def _without_dtype(case: Case) -> str:
    return " ".join(word for word in case.label.split() if word != case.dtype.value)


@dataclass(frozen=True)
class Row:
    """One row, object or record. place: where in the file; label: what people call it.

    apart: everything that tells it from other rows, provider included; same: all but the provider.
    provider: of the whole row; "" where there is none, or a row has several side by side.
    gpu: what the file says of the machine there.
    """

    place: str
    label: str
    provider: str
    apart: tuple[tuple[str, str], ...]
    same: tuple[tuple[str, str], ...]
    figures: tuple[Figure, ...]
    series: tuple[Series, ...]
    boasts: tuple[Boast, ...]
    known: Known
    gpu: str = ""

    def of(self, quantity: Quantity, role: Role = Role.MEASURED) -> tuple[Figure, ...]:
        """Its figures of a kind, in the order of the file."""
        return tuple(f for f in self.figures if f.quantity is quantity and f.role is role)

    @property
    def where(self) -> str:
        """`line 3, v3_small_causal`."""
        told = self.label and self.label not in self.place
        return f"{self.place}, {self.label}" if told else self.place


class Weight(str, Enum):
    """HELD: two figures were compared, and agree."""

    CONTRADICTION = "contradiction"
    DOUBT = "doubt"
    NOTE = "note"
    HELD = "held"


class Kind(str, Enum):
    """What an objection is about, gravest first."""

    NO_NUMBER = "no such time"
    CONTRADICTS = "figures contradict each other"
    WORK = "work counted wrongly"
    CLAIM = "claimed faster, and is slower"
    ROOF = "a roof that does not apply"
    PEAK = "above the peak"
    ORDER = "out of order"
    TWICE = "one provider, two times"
    REFUSED = "objections to a run of ours"
    DUPLICATE = "duplicate rows"
    SERIES = "not one level"
    SPREAD = "too much spread"
    GRID = "times on a grid"
    NO_SAMPLES = "no raw samples"
    NO_WORK = "work unknown"


@dataclass(frozen=True)
class Finding:
    """One comparison. title: what is wrong, the same for all rows that have it; text: the
    arithmetic of this one. judges: whether, if it held, something was truly checked by it."""

    kind: Kind
    weight: Weight
    title: str
    where: str = ""
    text: str = ""
    judges: bool = True


@dataclass(frozen=True)
class Sheet:
    """A file, read. form: what kind of file it is. rows: what was recognised. skipped: what was
    not, in words. meanings: by key. given: what reading alone found."""

    name: str
    form: str
    rows: tuple[Row, ...]
    meanings: tuple[tuple[str, str], ...] = ()
    skipped: tuple[str, ...] = ()
    given: tuple[Finding, ...] = ()
