"""Whether outputs are right by the rule of KernelBench, as its src/kernelbench/eval.py states it.

torch.allclose(Model's, ModelNew's) with one tolerance, absolute and relative: an element may be off
by that much, and by that much of ModelNew's. As equal_nan stays False, NaN is wrong anywhere, also
where Model has it.
"""

from __future__ import annotations

import math
from typing import Any, Sequence, Tuple

import torch

from remote_payload.contract.dtypes import DType
from remote_payload.contract.records import Ruling
from remote_payload.operators.adapted.formats import TITLES
from remote_payload.operators.judging.measure_error import finite

Tensor = Any
BY = TITLES["kernelbench"]
# get_tolerance_for_precision of theirs, which knows no fp64.
LOW, FULL = 1e-2, 1e-4
_BLOCK_ELEMENTS = 1 << 24


def tolerance(dtype: DType) -> float:
    """By the precision of a problem."""
    return LOW if dtype in (DType.FP16, DType.BF16) else FULL


def rule(dtype: DType, names: Sequence[str], outputs: Sequence[Tensor], want: Any) -> Ruling:
    """Of all outputs; the first that is wrong decides."""
    limit = tolerance(dtype)
    worst_abs = worst_rel = 0.0
    for name, out, truth in zip(names, outputs, want):
        wrong, nan, largest_abs, largest_rel = _compared(out.flatten(), truth.flatten(), limit)
        worst_abs, worst_rel = max(worst_abs, largest_abs), max(worst_rel, largest_rel)
        if wrong:
            words = f"{wrong} of {out.numel()} elements of {name} are off by more than "
            words += f"{limit:g} and {limit:g} of their size"
            words += f"; {nan} of them are NaN" if nan else ""
            return Ruling(BY, False, words, finite(worst_abs), finite(worst_rel))
    words = f"at most {worst_abs:.2g} off; {limit:g} and {limit:g} of an element's size are allowed"
    return Ruling(BY, True, words, finite(worst_abs), finite(worst_rel))


def _compared(out: Tensor, want: Tensor, limit: float) -> Tuple[int, int, float, float]:
    """How many are wrong, how many of these are NaN, and the largest errors; block by block, since
    outputs may be as large as a device's memory allows."""
    wrong = nan = 0
    largest_abs = largest_rel = 0.0
    for start in range(0, out.numel(), _BLOCK_ELEMENTS):
        got, true = (_plain(one[start : start + _BLOCK_ELEMENTS]) for one in (out, want))
        if torch.equal(got, true):
            continue  # none is NaN, and none is off
        close = torch.isclose(true, got, rtol=limit, atol=limit)
        wrong += int((~close).sum())
        nan += int(got.isnan().sum())
        error = (got.double() - true.double()).abs()
        error = torch.where(got == true, torch.zeros_like(error), error)  # of infinities
        largest_abs = max(largest_abs, float(error.nan_to_num(posinf=math.inf).max()))
        relative = error / true.double().abs().clamp(min=1e-12)
        largest_rel = max(largest_rel, float(relative.nan_to_num(posinf=math.inf).max()))
    return wrong, nan, largest_abs, largest_rel


def _plain(part: Tensor) -> Tensor:
    """What torch can subtract: neither bools nor FP8."""
    if part.dtype is torch.bool:
        return part.to(torch.uint8)
    return part.float() if part.is_floating_point() and part.element_size() == 1 else part
