"""Whether outputs are right by the rules of FlashInfer Trace, as its bench/evaluators state them.

An element is wrong that is off by more than atol AND by more than rtol of the reference's size;
what is not finite is wrong anywhere. Where the reference is not, theirs takes anything that is; so
does this, but says so. How many elements have to be right may be less than all.
"""

from __future__ import annotations

from typing import Any, Sequence

from remote_payload.contract.records import Ruling
from remote_payload.operators.adapted.formats import TITLES
from remote_payload.operators.flashinfer.rules import Rules
from remote_payload.operators.judging.measure_error import finite

Tensor = Any
BY = TITLES["flashinfer"]
_EPSILON = 1e-8  # of theirs, so that nothing is divided by zero


def rule(by: Rules, names: Sequence[str], outputs: Sequence[Tensor], want: Any) -> Ruling:
    """Of all outputs; the first that is wrong decides."""
    worst_abs = worst_rel = 0.0
    least, unknown = 1.0, 0
    for name, out, truth in zip(names, outputs, want):
        if not bool(out.float().isfinite().all()):
            return Ruling(BY, False, f"{name} holds what is not finite")
        got, true = out.float(), truth.float()
        known = true.isfinite()
        if not bool(known.all()):
            unknown += int((~known).sum())
            got, true = got[known], true[known]
        if not true.numel():
            return Ruling(BY, False, f"the reference gives nothing finite in {name}")
        error = (got - true).abs()
        relative = error / (true.abs() + _EPSILON)
        wrong = int(((error > by.atol) & (relative > by.rtol)).sum())
        matched = 1.0 - wrong / error.numel()
        worst_abs = max(worst_abs, float(error.max()))
        worst_rel = max(worst_rel, float(relative.max()))
        least = min(least, matched)
        if not matched >= by.matched:
            words = f"{wrong} of {error.numel()} elements of {name} are off by more than "
            words += f"{by.atol:g} and by more than {by.rtol:g} of their size"
            words += f"; {by.matched:g} have to match" if by.matched < 1 else ""
            return Ruling(BY, False, words, finite(worst_abs), finite(worst_rel))
    words = f"at most {worst_abs:.2g} off, or {worst_rel:.2g} of an element's size"
    words += f"; {least:.4g} match, {by.matched:g} have to" if by.matched < 1 else ""
    if unknown:
        words += f"; {unknown} not compared, as the reference is not finite there"
    return Ruling(BY, True, words, finite(worst_abs), finite(worst_rel))
