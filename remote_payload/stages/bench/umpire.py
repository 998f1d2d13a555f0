"""The judge of a race: it draws what nobody has seen, by seeds that nobody knows, and judges what
timed calls gave. Runs in a process of its own, which never loads a provider's code."""

from __future__ import annotations

import secrets
import time
from dataclasses import dataclass
from typing import Any, Dict, Optional, Tuple

import torch

from remote_payload.contract.case import Case
from remote_payload.contract.words import Fault, Status
from remote_payload.machine import heap
from remote_payload.operators.problem import Problem, Scalars, Tensors, operator_of, raw
from remote_payload.operators.setting import Setting
from remote_payload.operators.torch_settings import take_threads
from remote_payload.processes import places
from remote_payload.processes.isolate import Pipe
from remote_payload.processes.places import sentence
from remote_payload.stages.apart.judge import Unreadable, handed
from remote_payload.stages.apart.keeping import Files, Keeping
from remote_payload.stages.apart.words import Given, Judged, NotCalled
from remote_payload.stages.bench.race import Draw, Drawn, Forget, Forgotten, JudgeTimed

_SEEDS = 2**62
_KEPT_BYTES = 64 << 20  # of outputs for one set of inputs


@dataclass(frozen=True)
class _Inputs:
    case: Case
    given: Given
    seed: int


class Umpire:
    """What was drawn for each case, by number."""

    def __init__(self, setting: Setting, keeping: Keeping) -> None:
        self._setting, self._keeping = setting, keeping
        self._problem: Optional[Problem] = None
        self._drawn: Dict[int, _Inputs] = {}
        self._right: Dict[int, Tuple[Tensors, Judged]] = {}
        self._next = 0

    def answer(self, message: Any) -> Any:
        """What is to be said to one message; never raises an Exception."""
        try:
            if isinstance(message, Draw):
                return self._draw(message)
            if isinstance(message, Forget):
                return self._forget(message)
            return self._judge(message)
        except Exception as exc:
            places.trace()
            lacking = self._problem.lacking(exc) if self._problem is not None else ""
            how = lacking or f"raised {sentence(exc)}"
            return NotCalled(Status.SKIPPED if lacking else Status.FAILED, how, Fault.RAISED)

    def _of(self, case: Case) -> Problem:
        if self._problem is None or self._problem.case != case:
            self._problem = None  # it may hold a model
            self._problem = Problem(operator_of(self._setting), case, self._setting)
        return self._problem

    def _draw(self, message: Draw) -> Drawn:
        began = time.monotonic()
        problem = self._of(message.case)
        seed = self._setting.seed if message.first else secrets.randbelow(_SEEDS)
        tensors = problem.drawn() if message.first else problem.fresh(seed)
        given = self._keeping.given(tensors, problem.seeded(seed), seed)
        number, self._next = self._next, self._next + 1
        self._drawn[number] = _Inputs(message.case, given, seed)
        return Drawn(number, given, time.monotonic() - began)

    def _forget(self, message: Forget) -> Forgotten:
        for number in message.numbers:
            self._right.pop(number, None)
            one = self._drawn.pop(number, None)
            if one is not None:
                self._keeping.drop(one.given.tensors)
        return Forgotten()

    def _judge(self, message: JudgeTimed) -> Judged:
        inputs = self._drawn[message.number]
        problem = self._of(inputs.case)
        try:
            outputs = handed(problem, self._keeping, message.outputs)
        except Unreadable as exc:
            return Judged(str(exc), False)
        right = self._right.get(message.number)
        if right is not None and _same(right[0], outputs):
            return right[1]
        given = problem.to_device(self._keeping.get(inputs.given.tensors))
        scalars: Scalars = problem.seeded(inputs.seed)
        with torch.no_grad():
            found = problem.judge(outputs, given, scalars)
        wrong = f"{found.wrong} (inputs of seed {inputs.seed})" if found.wrong else ""
        judged = Judged(wrong, True, found.error, found.ruling)
        if not wrong and found.ruling is None and right is None and _bytes(outputs) <= _KEPT_BYTES:
            # Who races with others of the same code gives the same: that was judged.
            self._right[message.number] = outputs, judged
        return judged


def _same(some: Tensors, others: Tensors) -> bool:
    return all(torch.equal(raw(a), raw(b)) for a, b in zip(some, others))


def _bytes(tensors: Tensors) -> int:
    return sum(one.numel() * one.element_size() for one in tensors)


def serve(pipe: Pipe, setting: Setting) -> None:
    """The life of a judge's process."""
    if setting.device == "cpu":
        heap.keep()  # new pages for each judgement would cost as much as the judgement
    take_threads(setting.threads)
    umpire = Umpire(setting, Files(setting.inputs))
    while True:
        try:
            message = pipe.recv()
        except EOFError:
            return
        pipe.send(umpire.answer(message))
