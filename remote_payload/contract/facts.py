"""What an operator knows of itself, in values that travel home: reports import nobody's code."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum
from typing import Optional, Tuple

from remote_payload.contract.case import Case, Value
from remote_payload.contract.words import Method


class Role(str, Enum):
    """What a provider is to its operator.

    BASELINE: what verdicts compare with. OURS: the kernel a run is about, and its variants.
    RIVAL: others that are known; PEER: those of packages that have to be installed. USERS: a
    user's own.
    """

    BASELINE = "baseline"
    OURS = "ours"
    RIVAL = "rival"
    PEER = "peer"
    USERS = "users"


@dataclass(frozen=True)
class ProviderFacts:
    """what: a few words for help texts and reports. how: where to get it, for a PEER.

    variant: of which provider this is another build, run only where it is asked for; else empty.
    """

    name: str
    what: str
    role: Role
    how: str = ""
    variant_of: str = ""


@dataclass(frozen=True)
class AxisFacts:
    """symbol: as in a case's label; name: in full, as in an option; what: for people."""

    symbol: str
    name: str
    what: str = ""


@dataclass(frozen=True)
class Tier:
    """A limit on a time in the unit of its targets. inclusive: to meet it exactly is enough."""

    name: str
    limit_us: float
    inclusive: bool


@dataclass(frozen=True)
class Targets:
    """Limits, each bound to one case on one model of GPU, as `performance.device` calls it, or, of
    one that it does not know, as nvidia-smi does.

    provider: who is judged; empty: the user's own, else the operator's. whole_call: the limits are
    on the time of a call, not on that in the operator's unit. name, source: what its file calls
    it, and the file's own name; empty for what the operator says of itself.
    """

    case: Case
    gpu: str
    method: Method
    tiers: Tuple[Tier, ...]
    name: str = ""
    source: str = ""
    provider: str = ""
    whole_call: bool = False


@dataclass(frozen=True)
class Work:
    """What any implementation of a case has to do at the least.

    flop: two for each multiply-add. traffic_bytes: inputs read once, outputs written once;
    written_bytes: of those, the outputs. exponentials: and what else special function units give.
    matrix: the FLOP are those of matrix products, which tensor cores take. counted: by running the
    reference, not by a formula.
    """

    flop: int
    traffic_bytes: int
    written_bytes: int
    exponentials: int = 0
    matrix: bool = True
    counted: bool = False


BAND_ROWS = 32


class Over(str, Enum):
    """What a gate looks at: every element alone, or a root mean square over many together.

    ROW: a row of an output, or so many of its elements or of its neighbours that it has 64 to 256.
    BAND: BAND_ROWS one after the other. OUTPUT: all of it. `operators.rows` cuts them.
    """

    ELEMENT = "element"
    ROW = "row"
    BAND = "band"
    OUTPUT = "output"


@dataclass(frozen=True)
class Gate:
    """What an error may be: atol + rtol * |reference| + spread * the spread of its row.

    The spread of a row is the root mean square of its reference, so that what is said here holds
    for outputs of any size. Over more than an element, it is the root mean square of the errors
    that is compared, each row's with its own spread, and rtol has no part. output: of which output;
    None: of every one.
    """

    rtol: float
    atol: float
    spread: float = 0.0
    over: Over = Over.ELEMENT
    output: Optional[int] = None


@dataclass(frozen=True)
class Tolerance:
    """An output is right if every gate lets it through. why: where the figures come from."""

    gates: Tuple[Gate, ...]
    why: str = ""


@dataclass(frozen=True)
class CaseFacts:
    """per: what a time is divided by to be told in the operator's unit, such as the heads."""

    case: Case
    work: Optional[Work]
    per: int = 1
    tolerance: Optional[Tolerance] = None


class Rank(str, Enum):
    """How one time is made of many: the last case's alone, their mean, their geometric mean."""

    LAST = "last"
    MEAN = "mean"
    GEOM = "geom"


@dataclass(frozen=True)
class Ranking:
    """How a problem's own queue makes one time of all. cases: the axes of each, in its order."""

    by: Rank
    cases: Tuple[Tuple[Tuple[str, Value], ...], ...]


@dataclass(frozen=True)
class OperatorFacts:
    """unit: what people quote, "µs/head"; per: the axis that it divides by, in full; empty if none.

    reference: what outputs are compared with, in words. target: of a user's own operator, the file
    in the snapshot and the name in it. library: the stage build compiles csrc/ for it, and the
    stage prove has something to prove.
    """

    name: str
    title: str
    axes: Tuple[AxisFacts, ...]
    providers: Tuple[ProviderFacts, ...]
    unit: str = "µs"
    per: str = ""
    reference: str = ""
    targets: Optional[Targets] = None
    target: str = ""
    library: bool = False
    ranking: Optional[Ranking] = None

    def named(self, role: Role) -> Tuple[str, ...]:
        """The providers of a role, in the operator's order."""
        return tuple(one.name for one in self.providers if one.role is role)

    @property
    def baseline(self) -> str:
        """The provider that verdicts compare with; empty if there is none."""
        return next(iter(self.named(Role.BASELINE)), "")

    def judged_by(self, baseline: str) -> OperatorFacts:
        """The same with another baseline, known to it or not; its own is then a rival."""
        others = tuple(
            replace(one, role=Role.RIVAL) if one.role is Role.BASELINE else one
            for one in self.providers
            if one.name != baseline
        )
        known = (one.what for one in self.providers if one.name == baseline)
        chosen = ProviderFacts(baseline, next(known, "the baseline asked for"), Role.BASELINE)
        return replace(self, providers=(chosen, *others))

    @property
    def ours(self) -> str:
        """The kernel that is ours, without its variants; empty if there is none."""
        mine = (p for p in self.providers if p.role is Role.OURS and not p.variant_of)
        return next((one.name for one in mine), "")


UNKNOWN = OperatorFacts("", "", (), ())  # of a run that ended before its operator was asked
