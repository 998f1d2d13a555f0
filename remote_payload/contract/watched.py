"""What the machine did while a race was on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Optional, Tuple

from remote_payload.contract.case import Case
from remote_payload.contract.words import Method


@dataclass(frozen=True)
class Span:
    """The least, the middle and the most of what was seen."""

    low: float
    median: float
    high: float


@dataclass(frozen=True)
class Watched:
    """What was seen while one case was timed by one method; None or () where nobody told.

    seconds: of the turns, without what lay between them. samples: how often somebody looked.
    by: who told, e.g. "NVML, /proc". The clocks are those of moments at which the GPU had work.
    margin_c: degrees that were left until the GPU slows itself down. throttle: (reason, in how many
    samples), settings of the user among them; None where the driver does not tell, which is not the
    same as none. other_processes: the most at once that used the GPU and were not ours.

    Of the CPUs that the run may use, cpus of them, each value the mean of about a second:
    others_load, own_load: how many of them were busy for others and for the run; stolen: how many
    the host of a virtual machine took away; waiting: share of the time in which anything at all on
    the machine waited for a CPU. held_s: seconds for which a quota of the container stopped it.
    cost: share of one CPU that the watching itself took.
    """

    case: Case
    method: Method
    seconds: float
    samples: int
    by: str
    sm_clock_mhz: Optional[Span] = None
    memory_clock_mhz: Optional[Span] = None
    power_w: Optional[Span] = None
    power_limit_w: Optional[float] = None
    temperature_c: Optional[Span] = None
    margin_c: Optional[Span] = None
    throttle: Optional[Tuple[Tuple[str, int], ...]] = None
    other_processes: Optional[int] = None
    cpus: Optional[int] = None
    others_load: Optional[Span] = None
    own_load: Optional[Span] = None
    stolen: Optional[Span] = None
    waiting: Optional[Span] = None
    held_s: Optional[float] = None
    cpu_mhz: Optional[Span] = None
    cost: Optional[float] = None
