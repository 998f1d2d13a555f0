"""What a bound is."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Bound:
    """One resource's bound on the time of a case.

    name: of the resource, as in "the HBM roof". limit_us: who is faster measured something else.
    floor_us: who is faster is doubted. needs: whose limit it is, behind "lies above the roof: ";
    peak: whose floor, behind "is more than ".
    """

    name: str
    limit_us: float
    floor_us: float
    needs: str
    peak: str
