"""What one look saw, and its line in the file between the one who looks and the one who asks."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass
from typing import Any, Dict, List, Optional, Tuple, Type, Union


@dataclass(frozen=True)
class GpuRow:
    """at_s: by the monotonic clock, as in every row. reasons: None where they are not told."""

    at_s: float
    sm_clock_mhz: Optional[float] = None
    memory_clock_mhz: Optional[float] = None
    power_w: Optional[float] = None
    power_limit_w: Optional[float] = None
    temperature_c: Optional[float] = None
    margin_c: Optional[float] = None
    reasons: Optional[Tuple[str, ...]] = None
    by: str = ""


@dataclass(frozen=True)
class CompanyRow:
    """others: how many processes used the GPU that are not ours."""

    at_s: float
    others: int


@dataclass(frozen=True)
class CpuRow:
    """Seconds since some moment that is always the same, but for mhz; None where not told.

    busy_s, stolen_s: of the `cpus` CPUs that we may use, together. own_s: what our processes
    computed; waited_s: during which anything waited for a CPU; held_s: during which a quota stopped
    us; cost_s: CPU time of whoever looks.
    """

    at_s: float
    cpus: int
    busy_s: float
    stolen_s: float
    cost_s: float
    own_s: Optional[float] = None
    waited_s: Optional[float] = None
    held_s: Optional[float] = None
    mhz: Optional[float] = None


Row = Union[GpuRow, CompanyRow, CpuRow]
_KINDS: Dict[str, Type[Any]] = {"gpu": GpuRow, "company": CompanyRow, "cpu": CpuRow}
_WORDS = {kind: word for word, kind in _KINDS.items()}


def line(row: Row) -> bytes:
    """The row as a line."""
    return json.dumps([_WORDS[type(row)], dataclasses.asdict(row)]).encode() + b"\n"


def read(lines: List[bytes]) -> List[Row]:
    """The rows of whole lines; one that is none is left out."""
    found: List[Row] = []
    for each in lines:
        try:
            word, values = json.loads(each)
            if values.get("reasons") is not None:
                values["reasons"] = tuple(values["reasons"])
            found.append(_KINDS[word](**values))
        except (ValueError, TypeError, KeyError, AttributeError):
            continue
    return found
