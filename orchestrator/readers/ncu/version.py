"""Which Nsight Compute this is."""

from __future__ import annotations

import re
from dataclasses import dataclass

_VERSION = re.compile(r"\b(20\d\d)\.(\d+)\.(\d+)(?:\.\d+)? \(build \d+\)")


@dataclass(frozen=True, order=True)
class NcuVersion:
    """The version as NVIDIA writes it: 2026.2.1."""

    year: int
    release: int
    patch: int

    def __str__(self) -> str:
        return f"{self.year}.{self.release}.{self.patch}"


def find_version(text: str) -> NcuVersion | None:
    """The first version stated in `text` as in `2026.2.1.0 (build 38283040)`."""
    found = _VERSION.search(text) if " (build " in text else None
    return NcuVersion(int(found[1]), int(found[2]), int(found[3])) if found else None
