"""A provider's side of a check: it is called, and what it gave is handed over; it judges not."""

from __future__ import annotations

import time
from typing import Any, Callable, Dict, Optional, Tuple

import torch

from remote_payload.compiling import emulation, telling
from remote_payload.compiling.errors import CompiledTooLong, CompileError
from remote_payload.contract.case import Case
from remote_payload.contract.request import Provider
from remote_payload.contract.words import Fault, Status
from remote_payload.operators.loaded import CompiledOnly
from remote_payload.operators.problem import (
    Problem,
    Scalars,
    Tensors,
    WrongForm,
    begun,
    operator_of,
)
from remote_payload.operators.setting import Setting
from remote_payload.processes import places
from remote_payload.processes.isolate import Pipe
from remote_payload.processes.places import sentence
from remote_payload.providers.loading import BadTarget, CannotRun, Loaded, load
from remote_payload.stages.apart.keeping import Files, Keeping
from remote_payload.stages.apart.tampering import Tampering
from remote_payload.stages.apart.words import (
    Call,
    Called,
    CalledAgain,
    Given,
    Load,
    NotCalled,
    OneMore,
    Ready,
)

_AGAIN_S = 2.0  # of calls that are asked for together


class Candidate:
    """One provider, loaded once, and the case that it is called on at the time."""

    def __init__(self, provider: Provider, setting: Setting, keeping: Keeping) -> None:
        self._provider, self._setting, self._keeping = provider, setting, keeping
        self._loaded: Optional[Loaded] = None
        self._case: Optional[Case] = None
        self._problem: Optional[Problem] = None
        self._held: Tensors = ()
        self._scalars: Scalars = {}
        self._implementation = ""
        self._answered = False
        self._tampering = Tampering()

    def answer(self, message: Any) -> Any:
        """What is to be said to one message; never raises an Exception."""
        answer = self._answer(message)
        if found := self._tampering.found():
            return NotCalled(Status.FAILED, found, Fault.HARNESS)
        return answer

    def _answer(self, message: Any) -> Any:
        if isinstance(message, Load):
            return self._load()
        if isinstance(message, OneMore):
            return self._guarded(lambda: self._again(message.calls))
        if message.case != self._case:
            self._case, self._problem, self._answered = message.case, None, False
        return self._guarded(lambda: self._call(message))

    def _load(self) -> Any:
        if self._loaded is not None:
            return Ready()
        try:
            self._loaded = load(self._provider, self._setting)
        except (CannotRun, CompileError) as exc:
            return _not_run(exc)
        except BadTarget as exc:
            return NotCalled(Status.FAILED, str(exc), Fault.COMPILE)
        except Exception as exc:
            places.trace()
            how = f"could not be loaded: {sentence(exc)}"
            return NotCalled(Status.FAILED, how, Fault.COMPILE)
        return Ready()

    def _guarded(self, act: Callable[[], Any]) -> Any:
        """Who has answered once refuses nothing any more."""
        try:
            return act()
        except WrongForm as exc:
            return NotCalled(Status.FAILED, str(exc), exc.fault)
        except Exception as exc:
            if not self._answered:
                if isinstance(exc, (CannotRun, CompileError)):
                    return _not_run(exc)
                assert self._loaded is not None  # it was asked to be ready first
                lacking = self._problem.lacking(exc) if self._problem is not None else ""
                if lacking or self._loaded.refuses(exc):
                    return NotCalled(Status.SKIPPED, lacking or sentence(exc))
            places.trace()
            return NotCalled(Status.FAILED, f"raised {sentence(exc)}", Fault.RAISED)

    def _call(self, message: Call) -> Called:
        loaded = self._loaded
        assert loaded is not None  # it was asked to be ready first
        problem = self._problem
        if problem is None:
            problem = self._enter(message.case, message.given, loaded)
        given = problem.to_device(self._keeping.get(message.given.tensors))
        self._scalars = self._scalars_of(problem, message.given)
        outputs, touched = _called(problem, loaded, self._held, given, self._scalars)
        del given
        self._answered = True
        name, emulated = self._implementation, loaded.emulated
        if how := emulation.interpreter() if loaded.users else "":
            # Only after its calls is all loaded that a user's function needs.
            name, emulated = f"{name}, {how}", True
        digest = loaded.library_digest
        return Called(self._keeping.put(outputs), touched, name, emulated, digest)

    def _enter(self, case: Case, given: Given, loaded: Loaded) -> Problem:
        operator = operator_of(self._setting)
        begun(operator, self._setting)  # scalars may be of its own classes
        scalars = self._keeping.scalars(given)
        problem = Problem(operator, case, self._setting, scalars)
        self._problem = problem
        self._held = ()  # those of the case before
        self._held = problem.to_device(self._keeping.get(given.tensors))
        self._implementation = problem.implementation(loaded, self._held)
        return problem

    def _scalars_of(self, problem: Problem, given: Given) -> Scalars:
        found = self._keeping.scalars(given)
        return problem.seeded(given.seed or 0) if found is None else found

    def _again(self, calls: int) -> CalledAgain:
        """More calls with what lies there, as many as fit."""
        problem, loaded = self._problem, self._loaded
        assert problem is not None  # nobody asks again who has not asked before
        assert loaded is not None
        until, kept = time.monotonic() + _AGAIN_S, []
        with torch.no_grad(), loaded.within():
            for _ in range(calls):
                outputs = problem.outputs(problem.bind(loaded, self._held, self._scalars)())
                kept.append(self._keeping.put(outputs))
                if time.monotonic() > until:
                    break
        return CalledAgain(tuple(kept))


def serve(pipe: Pipe, provider: Provider, setting: Setting) -> None:
    """A worker's life: what is asked, and what it came to, until the parent closes or kills it."""
    telling.listen(pipe.send)
    candidate = Candidate(provider, setting, Files(setting.inputs))
    while True:
        try:
            message = pipe.recv()
        except EOFError:
            return
        pipe.send(candidate.answer(message))


def _not_run(exc: Exception) -> NotCalled:
    """Nothing was computed: it cannot be here, or it does not compile."""
    status = Status.SKIPPED if isinstance(exc, CannotRun) else Status.FAILED
    if isinstance(exc, CompiledTooLong):
        status = Status.TIMEOUT
    fault = Fault.COMPILE if status is Status.FAILED else None
    return NotCalled(status, str(exc), fault, isinstance(exc, CompiledOnly))


def _called(
    problem: Problem, loaded: Loaded, held: Tensors, given: Tensors, scalars: Dict[str, Any]
) -> Tuple[Tensors, str]:
    """A copy of the outputs for `given`, put where the inputs have lain from the first call on; and
    which of them were changed, in words. Raises WrongForm, or what the provider raises."""
    for place, tensor in zip(held, given):
        place.copy_(tensor)
    problem.reseed()
    with torch.no_grad(), loaded.within():
        with problem.poisoned():
            outputs = problem.outputs(problem.bind(loaded, held, scalars)())
        outputs = tuple(torch.clone(out) for out in outputs)
    problem.settle()
    return outputs, problem.changed(held, given)
