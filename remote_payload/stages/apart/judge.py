"""The judge's side: it draws what goes in and judges what comes out, in a process that never loads
a provider's code.

Of a problem whose file holds its reference as well as candidates, that file is what it judges by.
"""

from __future__ import annotations

import ctypes
import hashlib
from typing import Any, Callable, List, Optional, Tuple

import torch

from remote_payload.contract.words import Fault, Status
from remote_payload.machine import heap
from remote_payload.operators.loaded import CannotRun
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
from remote_payload.processes.isolate import Pipe
from remote_payload.processes.places import sentence
from remote_payload.stages.apart.keeping import Files, Keeping
from remote_payload.stages.apart.words import (
    Asked,
    Begin,
    Begun,
    CalledAgain,
    Given,
    Judge,
    Judged,
    More,
    NotCalled,
    Piece,
)

# What makes the outputs of a call those for the first inputs; None: they have a truth of their own.
Back = Optional[Callable[[Tensors], Tensors]]
Again = Callable[[int], Tuple[Tuple[Piece, ...], ...]]
_MORE_CALLS = 64  # asked for together
_NTH = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth")


class Judging:
    """One provider's judge. again: so many calls more of what was called last."""

    def __init__(self, setting: Setting, keeping: Keeping, again: Again) -> None:
        self._setting, self._keeping, self._again = setting, keeping, again
        self._check: Optional[_Check] = None

    def answer(self, message: Any) -> Any:
        """What is to be said to one message; never raises an Exception."""
        problem: Optional[Problem] = None
        try:
            if isinstance(message, Begin):
                if self._check is not None:
                    self._check.close()
                self._check = None  # its tensors may be large
                problem = Problem(operator_of(self._setting), message.case, self._setting)
                self._check = _Check(problem, self._setting.seed, self._keeping, self._again)
                return self._check.begun()
            check = self._check
            assert check is not None  # nobody judges before that
            problem = check.problem
            return check.judged(message)
        except CannotRun as exc:
            return NotCalled(Status.SKIPPED, str(exc))
        except Exception as exc:
            if lacking := problem.lacking(exc) if problem is not None else "":
                return NotCalled(Status.SKIPPED, lacking)
            places.trace()
            return NotCalled(Status.FAILED, f"raised {sentence(exc)}", Fault.RAISED)


class _Check:
    """The calls of one check, and the outputs of the first of them."""

    def __init__(self, problem: Problem, seed: int, keeping: Keeping, again: Again) -> None:
        self.problem, self._seed, self._keeping, self._again = problem, seed, keeping, again
        drawn = problem.drawn()
        # On a CPU what was drawn is there already, and nobody else's memory.
        self._drawn = drawn if problem.device == "cpu" else problem.to_device(drawn)
        self._backs: List[Back] = []
        self._calls: List[Asked] = []
        self._kept: Optional[Tensors] = None

    def begun(self) -> Begun:
        """The calls of a check: on the first inputs, on others, and on the first again. Who hands
        out an old answer, adds to it, or does not look at a scalar, is wrong in the second."""
        problem, seeded = self.problem, self.problem.seeded(self._seed)
        first = self._keeping.given(self._drawn, seeded, self._seed)
        self._add("", first, _as_it_is)
        for number in range(1, problem.draws):
            others, back = problem.others(self._drawn, number)
            scalars = problem.other_scalars(number)
            given = self._keeping.given(others, {**seeded, **scalars}, self._seed + number)
            told = "".join(f", {n}={v:.6g}" for n, v in scalars.items() if _plain(v))
            self._add(f"its {_nth(number)} call, on other inputs{told}: ", given, back)
        self._add(f"its {_nth(problem.draws)} call, on the first inputs again: ", first, _as_it_is)
        return Begun(tuple(self._calls))

    def _add(self, words: str, given: Given, back: Back) -> None:
        self._calls.append(Asked(words, given))
        self._backs.append(back)

    def judged(self, message: Judge) -> Judged:
        """One call's outputs; what equals outputs that were judged is not judged again."""
        number, back = message.number, self._backs[message.number]
        try:
            out = handed(self.problem, self._keeping, message.outputs)
        except Unreadable as exc:
            return Judged(str(exc), False)
        seen, asked = (out, self._given(number)) if back is None else (back(out), self._drawn)
        again = self._kept is not None
        judged = Judged("", False)
        if not again or asked is not self._drawn or not _equal(seen, self._kept or ()):
            scalars = self._scalars(number)
            found = self.problem.judge(seen, asked, scalars, self._one_more())
            judged = Judged(found.wrong, True, found.error, found.ruling)
        digested = None if again else digest(out)
        same = number == len(self._calls) - 1 and _same_bytes(self._kept or (), out)
        if not again:
            self._kept = out
        return _with(judged, digested, same if number == len(self._calls) - 1 else None)

    def _given(self, number: int) -> Tensors:
        return self.problem.to_device(self._keeping.get(self._calls[number].given.tensors))

    def _scalars(self, number: int) -> Scalars:
        found = self._keeping.scalars(self._calls[number].given)
        return self.problem.seeded(self._seed + number) if found is None else found

    def _one_more(self) -> Callable[[], Tensors]:
        ready: List[Tuple[Piece, ...]] = []

        def one_more() -> Tensors:
            if not ready:
                ready.extend(reversed(self._again(_MORE_CALLS)))
            return handed(self.problem, self._keeping, ready.pop())

        return one_more

    def close(self) -> None:
        """Take away what was handed over."""
        for one in self._calls:
            self._keeping.drop(one.given.tensors)


class GaveNothing(Exception):
    """A call that the judge asked for raised; the text says what."""


class Unreadable(Exception):
    """What a provider's process handed over is none of its outputs; the text says in which way."""


def handed(problem: Problem, keeping: Keeping, pieces: Tuple[Piece, ...]) -> Tensors:
    """Outputs of a provider's process, on the device, and nowhere else any more. Raises Unreadable:
    the fault is not the judge's."""
    try:
        outputs = problem.to_device(keeping.get(pieces))
        keeping.drop(pieces)
        return problem.formed(outputs)
    except WrongForm as exc:
        raise Unreadable(str(exc)) from exc
    except (OSError, RuntimeError, TypeError, ValueError, AttributeError) as exc:
        raise Unreadable(f"handed over what is no output: {sentence(exc)}") from exc


def serve(pipe: Pipe, setting: Setting) -> None:
    """The life of a judge's process: what is asked, and what was found."""

    def again(calls: int) -> Tuple[Tuple[Piece, ...], ...]:
        pipe.send(More(calls))
        answer = pipe.recv()
        if isinstance(answer, CalledAgain):
            return answer.outputs
        raise GaveNothing(answer.how)

    if setting.device == "cpu":
        heap.keep()  # new pages for each judgement would cost as much as the judgement
    judging = Judging(setting, Files(setting.inputs), again)
    while True:
        try:
            message = pipe.recv()
        except EOFError:
            return
        pipe.send(judging.answer(message))


def digest(outputs: Tensors) -> str:
    """sha256 of the bytes in the order of the elements; works without numpy."""
    whole = hashlib.sha256()
    for tensor in outputs:
        flat = tensor.detach().contiguous().cpu()
        size_bytes = flat.numel() * flat.element_size()
        whole.update((ctypes.c_char * size_bytes).from_address(flat.data_ptr()))
    return whole.hexdigest()


def _with(judged: Judged, digested: Optional[str], same: Optional[bool]) -> Judged:
    found = judged
    return Judged(found.wrong, found.looked, found.error, found.ruling, digested, same)


def _as_it_is(outputs: Tensors) -> Tensors:
    return outputs


def _plain(value: Any) -> bool:
    return isinstance(value, (int, float))


def _nth(number: int) -> str:
    """In words, from 0 on."""
    return _NTH[number] if number < len(_NTH) else f"{number + 1}th"


def _equal(some: Tensors, others: Tensors) -> bool:
    """Whether they hold the same values, of FP8, which torch does not compare, the same bytes: a
    difference of rounding needs no second look."""
    return all(
        torch.equal(a, b) if a.element_size() > 1 else torch.equal(raw(a), raw(b))
        for a, b in zip(some, others)
    )


def _same_bytes(some: Tensors, others: Tensors) -> bool:
    return all(torch.equal(raw(a), raw(b)) for a, b in zip(some, others))
