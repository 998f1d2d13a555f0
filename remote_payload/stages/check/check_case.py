"""One provider on one case against the reference; runs inside a worker process."""

from __future__ import annotations

import ctypes
import functools
import hashlib
from dataclasses import replace
from typing import Any, Callable, Iterator, Optional, Tuple

import torch

from remote_payload.compiling import emulation
from remote_payload.compiling.errors import CompiledTooLong, CompileError
from remote_payload.contract.case import Case
from remote_payload.contract.records import CheckRecord
from remote_payload.contract.request import Provider
from remote_payload.contract.words import Fault, Status
from remote_payload.operators.judging.judgement import Judgement
from remote_payload.operators.loaded import CompiledOnly
from remote_payload.operators.problem import (
    Problem,
    Scalars,
    Tensors,
    WrongForm,
    operator_of,
    raw,
)
from remote_payload.operators.setting import Setting
from remote_payload.processes import places
from remote_payload.processes.places import sentence
from remote_payload.providers.loading import BadTarget, CannotRun, Loaded, load

Tensor = Any
# What makes the outputs of a call those for the first inputs; None: they have a truth of their own.
Back = Optional[Callable[[Tensors], Tensors]]
_NTH = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth")


def check(provider: Provider, case: Case, setting: Setting) -> CheckRecord:
    """Call `provider` on `case`, on other inputs, and on the first again, and measure each output;
    never raises an Exception.

    SKIPPED: it says that it cannot run here; FAILED: it raised, or gave something wrong. Other bits
    within the tolerance are a fact of the record, and no failure.
    """
    record = CheckRecord(provider.name, case, Status.FAILED)
    try:
        loaded = load(provider, setting)
    except (CannotRun, CompileError) as exc:
        return _not_run(record, exc)
    except BadTarget as exc:
        return replace(record, reason=str(exc), fault=Fault.COMPILE)
    except Exception as exc:
        places.trace()
        reason = f"could not be loaded: {sentence(exc)}"
        return replace(record, reason=reason, fault=Fault.COMPILE)
    problem: Optional[Problem] = None
    try:
        problem = Problem(operator_of(setting), case, setting)
        return _emulated(_measure(record, loaded, problem), loaded)
    except (CannotRun, CompileError) as exc:
        return _not_run(record, exc)
    except WrongForm as exc:
        return replace(record, reason=str(exc), fault=exc.fault)
    except Exception as exc:
        lacking = problem.lacking(exc) if problem is not None else ""
        if lacking or loaded.refuses(exc):
            return replace(record, status=Status.SKIPPED, reason=lacking or sentence(exc))
        places.trace()
        return replace(record, reason=f"raised {sentence(exc)}", fault=Fault.RAISED)


def _not_run(record: CheckRecord, exc: Exception) -> CheckRecord:
    """Nothing was computed: it cannot be here, or it does not compile."""
    status = Status.SKIPPED if isinstance(exc, CannotRun) else Status.FAILED
    if isinstance(exc, CompiledTooLong):
        status = Status.TIMEOUT
    compiled = isinstance(exc, CompiledOnly)
    fault = Fault.COMPILE if status is Status.FAILED else None
    return replace(record, status=status, reason=str(exc), compiled=compiled, fault=fault)


def _emulated(record: CheckRecord, loaded: Loaded) -> CheckRecord:
    """The record of a user's function, after its calls: only now is all loaded that it needs."""
    how = emulation.interpreter() if loaded.users else ""
    if not how:
        return record
    return replace(record, implementation=f"{record.implementation}, {how}", emulated=True)


def _measure(record: CheckRecord, loaded: Loaded, problem: Problem) -> CheckRecord:
    """The record with what all calls gave; the first call that is not right decides."""
    drawn = problem.to_device(problem.drawn())
    held = problem.to_device(drawn)
    name = problem.implementation(loaded, held)
    record = replace(record, implementation=name, emulated=loaded.emulated)
    kept: Optional[Tensors] = None
    for words, given, back, scalars in _calls(problem, drawn):
        try:
            out, touched = _call(problem, loaded, held, given, scalars)
        except Exception as exc:
            if kept is None:
                raise
            places.trace()  # who has answered once refuses nothing any more
            how = str(exc) if isinstance(exc, WrongForm) else f"raised {sentence(exc)}"
            fault = exc.fault if isinstance(exc, WrongForm) else Fault.RAISED
            how = record.reason or words + how
            return replace(record, reason=how, fault=record.fault or fault)
        found: Optional[Judgement] = None
        seen, asked = (out, given) if back is None else (back(out), drawn)
        if kept is None or asked is not drawn or not _equal(seen, kept):
            again = functools.partial(_again, problem, loaded, held, scalars)
            found = problem.judge(seen, asked, scalars, again)
        if kept is None:
            kept = out
            record = _with(record, found)
            record = replace(record, output_digest=digest(kept))
        elif given is drawn:
            record = replace(record, deterministic=_same_bytes(kept, out))
        wrong = "; ".join(filter(None, (touched, found.wrong if found else "")))
        if wrong and not record.reason:
            fault = Fault.INPUTS if touched else Fault.VALUES
            record = replace(_with(record, found), reason=words + wrong, fault=fault)
        del given, asked, seen, out  # as large as what the next call gets
    return record if record.reason else replace(record, status=Status.OK)


def _with(record: CheckRecord, found: Optional[Judgement]) -> CheckRecord:
    return record if found is None else replace(record, error=found.error, ruling=found.ruling)


def _calls(problem: Problem, drawn: Tensors) -> Iterator[Tuple[str, Tensors, Back, Scalars]]:
    """The calls of a check: words for what goes wrong, what goes in, what makes the outputs those
    for `drawn` again, and the scalars that are not the case's. Who hands out an old answer, adds to
    it, or does not look at such a scalar, is wrong in the second."""
    yield "", drawn, lambda outputs: outputs, {}
    for number in range(1, problem.draws):
        others, back = problem.others(drawn, number)
        if back is None:
            others = problem.to_device(others)
        scalars = problem.other_scalars(number)
        words = "".join(f", {n}={v:.6g}" for n, v in scalars.items() if isinstance(v, (int, float)))
        yield f"its {_nth(number)} call, on other inputs{words}: ", others, back, scalars
        del others  # as large as the first, and not needed for what follows
    again = f"its {_nth(problem.draws)} call, on the first inputs again: "
    yield again, drawn, lambda outputs: outputs, {}


def _nth(number: int) -> str:
    """In words, from 0 on."""
    return _NTH[number] if number < len(_NTH) else f"{number + 1}th"


def _call(
    problem: Problem, loaded: Loaded, held: Tensors, given: Tensors, scalars: Scalars
) -> Tuple[Tensors, str]:
    """A copy of the outputs for `given`, put where the inputs have lain from the first call on; and
    which of them were changed, in words. Raises WrongForm, or what the provider raises."""
    for place, tensor in zip(held, given):
        place.copy_(tensor)
    problem.reseed()
    with torch.no_grad(), loaded.within():
        with problem.poisoned():
            outputs = problem.outputs(problem.bind(loaded, held, scalars)())
        outputs = tuple(out.clone() for out in outputs)
    problem.settle()
    return outputs, problem.changed(held, given)


def _again(problem: Problem, loaded: Loaded, held: Tensors, scalars: Scalars) -> Tensors:
    """The outputs of one more call with what lies there."""
    with torch.no_grad(), loaded.within():
        return problem.outputs(problem.bind(loaded, held, scalars)())


def _equal(some: Tensors, others: Tensors) -> bool:
    """Whether they hold the same values, of FP8, which torch does not compare, the same bytes: a
    difference of rounding needs no second look."""
    return all(
        torch.equal(a, b) if a.element_size() > 1 else torch.equal(raw(a), raw(b))
        for a, b in zip(some, others)
    )


def _same_bytes(some: Tensors, others: Tensors) -> bool:
    return all(torch.equal(raw(a), raw(b)) for a, b in zip(some, others))


def digest(outputs: Tensors) -> str:
    """sha256 of the bytes in the order of the elements; works without numpy."""
    whole = hashlib.sha256()
    for tensor in outputs:
        flat = tensor.detach().contiguous().cpu()
        size_bytes = flat.numel() * flat.element_size()
        whole.update((ctypes.c_char * size_bytes).from_address(flat.data_ptr()))
    return whole.hexdigest()
