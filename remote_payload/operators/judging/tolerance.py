"""How far a right output may be off, from what rounding must cost; docs/tolerances.md derives it.

All is relative to the spread of the reference, row by row, so no size of inputs or outputs has to
be known. With u = 2^-precision of the outputs' type, rounding to nearest costs a value u of itself
at most and 0.41 u in root mean square; roundings that have nothing to do with each other add as
squares do. A gate on a root mean square can therefore be narrow; that on each element cannot.
"""

from __future__ import annotations

import math
from typing import Optional

from remote_payload.contract.dtypes import DType
from remote_payload.contract.facts import Gate, Over, Tolerance

# Below it FP32 arithmetic may take a number for zero.
_FLUSHED = 2.0**-126
# Four fifths of what a single operand costs that is rounded to FP16, or to TF32, within FP32.
_MOST_OF_SUMS = 0.8 * 0.41 * 2.0**-11


def of_sums(
    dtype: DType,
    length: int,
    *,
    roundings: int = 1,
    exponents: bool = False,
    more: float = 0.0,
    output: Optional[int] = None,
) -> Tolerance:
    """For outputs of `dtype` that are sums of `length` terms, kept in FP32 or better.

    length: of all sums that an output takes one after the other, together; 1 where there are none.
    roundings: to `dtype`, that a right kernel may do on the way, that of the output included; with
    5 or more an error of 1 % passes in BF16. exponents: the sums go through an exponential, so that
    few rows, those of large sums, are off by much more than most. more: what else a right kernel
    may be off by, relative to the spread, such as by sums that are kept in fewer bits. output: of
    which output; None: of every one.
    """
    summed = _summed(dtype, length) + more
    off = _rounded(dtype) * math.sqrt(roundings) + summed
    rare = 3.0 if exponents else 1.0
    floor = smallest(dtype)
    gates = (
        Gate(_rounded(dtype) * roundings + summed, floor, 3 * rare * off, Over.ELEMENT, output),
        Gate(0.0, floor, 1.25 * rare * off, Over.ROW, output),
        Gate(0.0, floor, 1.1 * off, Over.BAND, output),
        Gate(0.0, floor, off, Over.OUTPUT, output),
    )
    what = f"{roundings} roundings to {dtype.value}" if roundings > 1 else f"rounding {dtype.value}"
    return Tolerance(gates, f"{what} and sums of {length} terms")


def exact() -> Tolerance:
    """For what rounds nothing, such as a copy."""
    return Tolerance((Gate(0.0, 0.0),), "nothing is rounded")


def both(*each: Tolerance) -> Tolerance:
    """What passes them all: of outputs of different types, or of a limit from elsewhere."""
    gates = tuple(gate for one in each for gate in one.gates)
    return Tolerance(gates, "; ".join(one.why for one in each if one.why))


def smallest(dtype: DType) -> float:
    """What rounding costs where numbers have no more digits to lose, near zero."""
    facts = dtype.facts
    return float(max(2.0 ** (facts.least_exponent - facts.precision), _flushed(dtype)))


def _flushed(dtype: DType) -> float:
    return 0.0 if dtype is DType.FP64 else _FLUSHED


def _rounded(dtype: DType) -> float:
    """Of one element at most, and of many 2.7 times their root mean square."""
    return 1.1 * 2.0**-dtype.facts.precision


def _summed(dtype: DType, length: int) -> float:
    """What stays the same is for functions such as the exponential, which are off by a few units;
    the root for rounding at each addition, a random walk; the share for tensor cores, which cut off
    at each step, always to one side."""
    if dtype is DType.FP64:
        return 2.0**-53 * (8 + 4 * math.sqrt(length))
    return min(2.0**-24 * (8 + 4 * math.sqrt(length) + length / 4), _MOST_OF_SUMS)
