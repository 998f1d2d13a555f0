"""How far off an output of a user's operator may be."""

from __future__ import annotations

import math
from typing import Any, Mapping, Sequence

from remote_payload.contract.case import Case
from remote_payload.contract.dtypes import DType
from remote_payload.contract.facts import Gate, Tolerance
from remote_payload.operators.user import protocol
from remote_payload.operators.user.source import Source, by_name
from remote_payload.operators.user.stated import Function

Tensor = Any
# Rounding to nearest costs half a unit in the last place; intermediate results of the same dtype
# cost as much again, each.
_ROUNDINGS = 4
# A large table that is only looked up is no sum, and nobody can tell: this is as much as it gets.
_MOST_OF_SUMS = 2.0**-13
_USUAL = (
    "{} roundings to {} and sums of {} terms, relative to each value and to the outputs' spread"
)


def of(
    source: Source, case: Case, axes: Mapping[str, Any], outputs: Sequence[Tensor], terms: int
) -> Tolerance:
    """What the file states for a case, else what is usual for its dtype. terms: as of `usual`."""
    stated = source.stated.values.get("tolerance")
    if isinstance(stated, Function):
        given = source.run("tolerance", stated.call or dict, **by_name(stated, **axes))
    elif isinstance(stated, Mapping) and not {"rtol", "atol"} & set(stated):
        given = stated.get(case.dtype.value)
    else:
        given = stated
    if given is None:
        return usual(case.dtype, outputs, terms)
    return Tolerance((protocol.gate(source.stated, given),), f"stated by {source.file}")


def usual(dtype: DType, outputs: Sequence[Tensor], terms: int) -> Tolerance:
    """The tolerance of a file that states none, by what rounding costs.

    outputs: the truth. terms: of the longest sum, as far as anybody can tell; sums are kept in FP32
    or better, and each addition rounds, which is a random walk.
    """
    rounding = _ROUNDINGS * 2.0**-dtype.facts.precision
    summing = (8 + 4 * math.sqrt(terms)) * 2.0 ** -max(24, dtype.facts.precision)
    summing = min(summing, _MOST_OF_SUMS)
    spread = min(float(one.double().square().mean().sqrt()) for one in outputs)
    gate = Gate(rounding, (rounding + summing) * spread)
    return Tolerance((gate,), _USUAL.format(_ROUNDINGS, dtype.value, terms))
