"""How far off an output of a user's operator may be."""

from __future__ import annotations

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
# Sums that are kept in fp32 are off by more than an fp32 output's own rounding.
_SUMS = 2.0**-18
_USUAL = "a few roundings of {}, of the value and of the outputs' root mean square"


def of(source: Source, case: Case, axes: Mapping[str, Any], outputs: Sequence[Tensor]) -> Tolerance:
    """What the file states for a case, else what is usual for its dtype."""
    stated = source.stated.values.get("tolerance")
    if isinstance(stated, Function):
        given = source.run("tolerance", stated.call or dict, **by_name(stated, **axes))
    elif isinstance(stated, Mapping) and not {"rtol", "atol"} & set(stated):
        given = stated.get(case.dtype.value)
    else:
        given = stated
    if given is None:
        return usual(case.dtype, outputs)
    return Tolerance((protocol.gate(source.stated, given),), f"stated by {source.file}")


def usual(dtype: DType, outputs: Sequence[Tensor]) -> Tolerance:
    """The tolerance of a file that states none, by what rounding costs; outputs: the truth."""
    rtol = max(_ROUNDINGS * 2.0**-dtype.facts.precision, 0.0 if dtype is DType.FP64 else _SUMS)
    spread = min(float(one.double().square().mean().sqrt()) for one in outputs)
    return Tolerance((Gate(rtol, rtol * spread),), _USUAL.format(dtype.value))
