"""What a user's file comes to on this host: its facts, its cases, and what each of them is.

Runs in a worker: here the file's own code runs for the first time.
"""

from __future__ import annotations

from typing import Any, Dict, Optional, Tuple

import torch

from remote_payload.contract.case import Case
from remote_payload.contract.dtypes import DType
from remote_payload.contract.facts import (
    AxisFacts,
    CaseFacts,
    OperatorFacts,
    ProviderFacts,
    Role,
    Work,
)
from remote_payload.operators.counting import Counted, counting, longest_sum, size_bytes
from remote_payload.operators.drawing import plain, torch_dtype
from remote_payload.operators.user import tolerance
from remote_payload.operators.user.asked_cases import cases_of
from remote_payload.operators.user.described import Asked, Described, DescribedCase, Form, Found
from remote_payload.operators.user.protocol import REFERENCE, Protocol
from remote_payload.operators.user.source import Source, by_name
from remote_payload.operators.user.stated import Function
from remote_payload.operators.user.tensors import Half, half

Tensor = Any
Tensors = Tuple[Tensor, ...]
_WORK = ("flop", "bytes", "exp")


def found(target: str, root: str, device: str, asked: Asked) -> Found:
    """The operator, and the cases that were asked for; BadOperator, or BadCase for a case that it
    does not have. device: the same for all."""
    one = half(target, root)
    said = one.source.protocol
    facts = _described(one.source, said, target)
    gpu, cpu = (cases_of(facts, usual or {}, asked) for usual in (said.sweep, said.cpu_sweep))
    return Found(facts, gpu, cpu)


def case_of(target: str, root: str, device: str, case: Case, seed: int) -> DescribedCase:
    """One case: its inputs are drawn and its reference is run, once. BadOperator."""
    one = half(target, root)
    drawn = one.drawn(case, seed)
    inputs = tuple(tensor.to(device) for tensor in drawn.values())
    counted = counting(lambda: one.returned(case, inputs))
    outputs, forms = counted.outputs, _forms(one, case, counted.outputs)
    read = sum(map(size_bytes, inputs))
    written = sum(tensor.numel() * _size_bytes(form.dtype) for tensor, form in zip(outputs, forms))
    terms = longest_sum(counted, inputs)
    facts = CaseFacts(
        case,
        _work(one, case, counted, read, written),
        max(1, case.size(one.source.protocol.per)) if one.source.protocol.per else 1,
        tolerance.of(one.source, case, one.axes(case), outputs, terms),
    )
    given = [Form(name, tuple(one.shape), plain(one.dtype)) for name, one in drawn.items()]
    frozen = _same(tuple(drawn.values()), one.make(case, seed + 1))
    return DescribedCase(facts, tuple(given), forms, frozen)


def _same(some: Tensors, others: Tensors) -> bool:
    return all(a.shape == b.shape and torch.equal(a, b) for a, b in zip(some, others))


def _described(source: Source, said: Protocol, target: str) -> Described:
    order = dict.fromkeys((said.baseline, *(said.providers or ()), REFERENCE))
    said_of = {REFERENCE: f"the reference of {source.file}, as PyTorch runs it"}
    providers = tuple(
        ProviderFacts(
            name,
            said_of.get(name, f"{name} of {source.file}"),
            Role.BASELINE if name == said.baseline else Role.USERS,
        )
        for name in order
    )
    sweep = said.sweep or {}
    facts = OperatorFacts(
        name=source.stated.name,
        title=said.title,
        axes=tuple(AxisFacts(name, name) for name in sweep),
        providers=providers,
        unit=said.unit,
        per=said.per,
        reference=f"the reference of {source.file}, in {_in(said.precision)}",
        target=target,
    )
    switches = tuple(name for name, values in sweep.items() if isinstance(values[0], bool))
    words = tuple(name for name, values in sweep.items() if isinstance(values[0], str))
    return Described(facts, switches, words, said.dtypes or (), said.default_providers)


def _in(precision: str) -> str:
    return "the precision of its inputs" if precision == "given" else precision


def _forms(one: Half, case: Case, outputs: Tensors) -> Tuple[Form, ...]:
    """What a provider has to return: numbers in the case's dtype, unless the file says otherwise;
    whole numbers and truths as the reference gives them."""
    named = one.source.protocol.outputs
    if named is None:
        named = tuple((f"out{n}" if len(outputs) > 1 else "out", "") for n in range(len(outputs)))
    forms = []
    for (name, what), tensor in zip(named, outputs):
        dtype = tensor.dtype
        if what in [each.value for each in DType]:
            dtype = torch_dtype(DType(what))
        elif tensor.is_floating_point() and case.dtype.rounds:
            dtype = torch_dtype(case.dtype)
        if dtype.is_floating_point and not tensor.is_floating_point():
            problem = f"{name} is to be {plain(dtype)}, and the reference gives {tensor.dtype}"
            raise one.source.stated.bad("outputs", problem)
        forms.append(Form(name, tuple(tensor.shape), plain(dtype)))
    return tuple(forms)


def _work(one: Half, case: Case, counted: Counted, read: int, written: int) -> Optional[Work]:
    """As stated; what is left open of it is counted."""
    function = one.source.stated.values.get("work")
    stated: Dict[str, int] = {}
    if isinstance(function, Function):
        stated = _stated_work(one, case, function)
    if "flop" not in stated and not counted.known:
        return None
    traffic = stated.get("bytes", read + written)
    return Work(
        flop=stated.get("flop", counted.flop),
        traffic_bytes=traffic,
        written_bytes=min(written, traffic),
        exponentials=stated.get("exp", 0),
        matrix=counted.flop > 0,
        counted="flop" not in stated,
    )


def _stated_work(one: Half, case: Case, function: Function) -> Dict[str, int]:
    source = one.source
    given = source.run("work", function.call or dict, **by_name(function, **one.axes(case)))
    if not isinstance(given, dict) or not set(given) <= set(_WORK):
        raise source.stated.bad("work", f"expected a dict with some of {', '.join(_WORK)}")
    for key, value in given.items():
        number = isinstance(value, (int, float)) and not isinstance(value, bool)
        if not number or not 0 <= value < 1e30:
            raise source.stated.bad("work", f"{key}: expected a number from 0 on, got {value!r}")
    return {key: int(value) for key, value in given.items()}


def _size_bytes(dtype: str) -> int:
    return int(torch.empty((), dtype=getattr(torch, plain(dtype))).element_size())
