"""How far off an output may be, from the dtype and from what a good kernel has to round.

A good kernel computes in fp32 and rounds to the dtype a few times at most: the output, and before
it perhaps what it keeps in between. Rounding to nearest with p bits is off by 2^-p of a value at
most (Higham, Accuracy and Stability of Numerical Algorithms, section 2.2); a sum of n terms in fp32
by about sqrt(n) such roundings where their signs are random, and twice that is allowed (section
4.2).
"""

from __future__ import annotations

import math

from remote_payload.contract.dtypes import DType
from remote_payload.contract.facts import Gate

# Of fp32: rsqrt, exp2 and a handful of products, in the approximations of GPUs (CUDA C++
# Programming Guide, "Mathematical Functions": 2 ulp each).
_STEPS = 8


def gate(
    dtype: DType, roundings: int, terms: int, arguments: float = 0.0, spread: float = 0.0
) -> Gate:
    """roundings: to the dtype, on the way to an element. terms: of its sums.

    arguments: the largest magnitude that an exponential is taken of, whose own rounding becomes an
    error of its value. spread: what errors are relative to that do not shrink with the element.
    """
    fp32 = DType.FP32.facts
    steps = _STEPS + 2 * math.sqrt(terms) + 2 * arguments
    rtol = roundings * 2.0**-dtype.facts.precision + steps * 2.0**-fp32.precision
    # Below the smallest normal number the grid does not get finer; fp32 may flush to zero there.
    grid = 2.0 ** (dtype.facts.least_exponent - dtype.facts.precision)
    atol = max(2 * roundings * grid, 2.0**fp32.least_exponent)
    return Gate(rtol, atol + spread * rtol)
