"""What another's problem comes to on this host: its facts, its cases, and what each of them is.

Runs in a worker: here the problem's own code runs for the first time.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Sequence, Tuple

import torch

from remote_payload.contract.case import Case
from remote_payload.contract.dtypes import DType
from remote_payload.contract.facts import CaseFacts, Gate, Tolerance, Work
from remote_payload.operators.adapted import unfit
from remote_payload.operators.adapted.adapter import Adapter, Given
from remote_payload.operators.adapted.tensors import half
from remote_payload.operators.counting import counting, longest_sum, size_bytes
from remote_payload.operators.drawing import plain
from remote_payload.operators.user.described import Asked, DescribedCase, Form, Found
from remote_payload.operators.user.stated import BadOperator
from remote_payload.operators.user.tolerance import usual

Tensor = Any
Tensors = Tuple[Tensor, ...]
# Elements of an output by which its spread is told.
_SEEN = 1 << 24
OF_TORCH = {dtype.facts.torch: dtype for dtype in DType}


def found(target: str, root: str, device: str, asked: Asked) -> Found:
    """The operator, and the cases that were asked for; BadOperator, BadCase."""
    one = half(target, root, device)
    listed = one.listed(asked)
    if not (listed.gpu or listed.cpu):
        first = listed.refused[0] if listed.refused else None
        raise BadOperator(one.name, f"{first.label}: {first.why}" if first else "it has no case")
    described = replace(one.described(), untimed=listed.untimed)
    return Found(described, listed.gpu, listed.cpu, listed.refused)


def case_of(target: str, root: str, device: str, case: Case, seed: int) -> DescribedCase:
    """One case: its inputs are drawn and its reference is run, once. BadOperator."""
    one = half(target, root, device)
    try:
        given = one.draw(case, seed)
        found = _run_once(one, case, given, device)
        # Only now, when the outputs are gone: what is drawn may be as large.
        return replace(found, frozen=_frozen(one, given.tensors, case, seed))
    except (RuntimeError, MemoryError) as exc:
        lacking = unfit.why(exc, device)
        if not lacking:
            raise
        raise BadOperator(one.name, f"comparing its outputs {lacking}", unfit=True) from exc


def _run_once(one: Adapter, case: Case, given: Given, device: str) -> DescribedCase:
    inputs = tuple(tensor.to(device, copy=True) for tensor in given.tensors)
    counted = counting(lambda: one.expected(case, inputs, given.scalars, keep=False))
    outputs, touched = counted.outputs, _touched(given, inputs, device)
    written = sum(map(size_bytes, outputs))
    traffic = sum(map(size_bytes, inputs)) + written
    work = Work(counted.flop, traffic, written, matrix=counted.flop > 0, counted=True)
    tolerance = _tolerance(outputs, longest_sum(counted, inputs))
    facts = CaseFacts(case, work if counted.known else None, 1, tolerance)
    forms = _forms(given.names, given.tensors)
    names = one.output_names(len(outputs))
    return DescribedCase(facts, forms, _forms(names, outputs), False, touched, one.at_random)


def _forms(names: Sequence[str], tensors: Tensors) -> Tuple[Form, ...]:
    return tuple(Form(n, tuple(t.shape), plain(t.dtype)) for n, t in zip(names, tensors))


def _touched(given: Given, inputs: Tensors, device: str) -> Tuple[str, ...]:
    """The inputs that no longer hold what they were given."""
    pairs = zip(given.names, given.tensors, inputs)
    return tuple(n for n, was, now in pairs if not _same_bytes(was.to(device), now))


def _frozen(one: Adapter, first: Tensors, case: Case, seed: int) -> bool:
    """Whether another seed draws the same."""
    second = one.make(case, seed + 1)
    if [a.shape for a in first] != [b.shape for b in second]:
        problem = f"its inputs have other shapes for each seed on {case.label}"
        raise BadOperator(one.name, f"{problem}; give them by the axes of a case instead")
    return all(_same_bytes(a, b) for a, b in zip(first, second))


def _same_bytes(some: Tensor, others: Tensor) -> bool:
    a, b = some.contiguous().view(-1), others.contiguous().view(-1)
    return bool(torch.equal(a.view(torch.uint8), b.view(torch.uint8)))


def _tolerance(outputs: Tensors, terms: int) -> Tolerance:
    """What rounding costs each output in its own dtype; whole numbers are right or wrong."""
    gates, why = [], []
    for number, output in enumerate(outputs):
        dtype = OF_TORCH.get(plain(output.dtype))
        flat = output.flatten()[:: 1 + output.numel() // _SEEN].double()
        sized = flat[flat.isfinite()]
        if dtype is None or not dtype.rounds or not sized.numel():
            gates.append(Gate(0.0, 0.0, output=number))
            continue
        known = usual(dtype, (sized,), terms)
        gates += [replace(gate, output=number) for gate in known.gates]
        why.append(known.why)
    return Tolerance(tuple(gates), "; ".join(dict.fromkeys(why)) or "nothing is rounded")
