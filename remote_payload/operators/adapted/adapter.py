"""What an operator of another's format does with tensors; a format's own `Adapter` fills it in.

See `base.Tensors` for what stages ask of it. Beside that it has scalars that go with each draw, a
judge of its own, and a way of its own to call providers.
"""

from __future__ import annotations

import contextlib
import functools
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Callable, ContextManager, Dict, Iterator, Optional, Tuple

import torch

from remote_payload.contract.case import Case
from remote_payload.contract.records import Ruling
from remote_payload.operators.adapted import redirect, unfit
from remote_payload.operators.adapted.formats import Problem
from remote_payload.operators.base import Block
from remote_payload.operators.loaded import CannotRun, Form, Loaded, unfitted
from remote_payload.operators.returned import parts
from remote_payload.operators.row_blocks import blocks_of
from remote_payload.operators.seeding import drawn_from, seed_all
from remote_payload.operators.setting import Setting
from remote_payload.operators.user.described import Asked, Described, Refused
from remote_payload.operators.user.protocol import REFERENCE
from remote_payload.operators.user.stated import BadOperator
from remote_payload.processes import places
from remote_payload.processes.places import sentence

Tensor = Any
Tensors = Tuple[Tensor, ...]
Scalars = Dict[str, Any]
Call = Callable[[], Any]
COMPILED = "torch-compile"


@dataclass(frozen=True)
class Given:
    """What goes into one call. names: of the tensors. scalars: what else there is, by name."""

    names: Tuple[str, ...]
    tensors: Tensors
    scalars: Scalars


@dataclass(frozen=True)
class Listed:
    """The cases of a problem. refused: what is not run, and why. untimed: those that are
    checked and nothing else."""

    gpu: Tuple[Case, ...]
    cpu: Tuple[Case, ...]
    refused: Tuple[Refused, ...] = ()
    untimed: Tuple[Case, ...] = ()


class Adapter:
    """A problem on a device. reseeded: whether torch's own generators are set before each call.
    at_random: whether its reference was seen to draw from them. draws: of how many inputs a check
    takes. neighbours_first: whether the files beside a provider's come before packages of the same
    name. redirected: whether its code means the CPU by device='cuda'."""

    reseeded = True
    at_random = False
    draws = 2
    neighbours_first = False

    def __init__(self, problem: Problem, folder: Path, root: Path, device: str) -> None:
        self.problem, self.folder, self.root, self.device = problem, folder, root, device
        self.redirected = False
        self._drawn: Optional[Tuple[Case, int, Given]] = None
        self._scalars: Dict[Tuple[Case, int], Scalars] = {}

    # What each format has to fill in.

    def described(self) -> Described:
        """All but its cases."""
        raise NotImplementedError

    def listed(self, asked: Asked) -> Listed:
        """Which cases were asked for. BadCase for one that there is not."""
        raise NotImplementedError

    def draw(self, case: Case, seed: int) -> Given:
        """What goes into a call, on the CPU."""
        raise NotImplementedError

    def call_of_reference(self, case: Case, inputs: Tensors, scalars: Scalars) -> Call:
        """One call of the reference, with nothing in it but its own work."""
        raise NotImplementedError

    def taken(self, returned: Any, names: Tuple[str, ...] = ()) -> Tuple[Any, ...]:
        """What a call returned, output by output. names: of the outputs, for a provider's call;
        none for the reference's own."""
        return parts(returned) if isinstance(returned, (tuple, list)) else (returned,)

    def rule(
        self, case: Case, inputs: Tensors, scalars: Scalars, outputs: Tensors, want: Tensors
    ) -> Optional[Ruling]:
        """What the format's own judge says. want: of the reference. None: it has no judge, and our
        own tolerance decides."""
        raise NotImplementedError

    def prepared(self, function: Any, form: Form, said: Optional[bool]) -> Callable[..., Call]:
        """What makes of tensors and scalars a call of a provider's function. said: whether its
        entry says that it fills its outputs."""
        raise NotImplementedError

    # What all have in common.

    def make(self, case: Case, seed: int) -> Tensors:
        """The inputs alone."""
        given = self._given(case, seed)
        self._drawn = None  # they may be large, and are asked for once
        return given.tensors

    def seeded_scalars(self, case: Case, seed: int) -> Scalars:
        """What else goes into a call."""
        if (case, seed) not in self._scalars:
            self._given(case, seed)
        return self._scalars[case, seed]

    def _given(self, case: Case, seed: int) -> Given:
        if self._drawn is None or self._drawn[:2] != (case, seed):
            self._drawn = None  # before there is a second one
            self._drawn = (case, seed, self.draw(case, seed))
            self._scalars[case, seed] = self._drawn[2].scalars
        return self._drawn[2]

    def reference(self, case: Case, *inputs: Tensor, scalars: Scalars) -> Iterator[Block]:
        """The truth, block by block."""
        return blocks_of(self.expected(case, inputs, scalars))

    def load(self, name: str, setting: Setting) -> Loaded:
        """The reference, as it is or by torch.compile."""
        if name not in (REFERENCE, COMPILED):
            raise CannotRun(f"{self.problem.title} knows no provider {name!r}")
        said = f"the reference, torch {torch.__version__}{self.told}"
        within: Callable[[], ContextManager[Any]] = self.around
        if name == COMPILED:
            said = f"torch.compile of {said}"

        def fit(form: Form) -> Loaded:
            prepared = self.compiled(form, setting) if name == COMPILED else self.bound(form)
            return Loaded(unfitted, within, lambda *_, **__: said, prepared=prepared)

        return Loaded(unfitted, within, unfitted, fit=fit)

    def bound(self, form: Form) -> Callable[..., Call]:
        """As `prepared`, of the reference as it is."""
        return functools.partial(_bound, self.call_of_reference, form.case)

    def compiled(self, form: Form, setting: Setting) -> Callable[..., Call]:
        """As `prepared`, of the reference by torch.compile. CannotRun."""
        raise CannotRun("torch.compile is not tried for problems of this format")

    def output_names(self, number: int) -> Tuple[str, ...]:
        """What its outputs are called."""
        return tuple(f"out{n}" for n in range(number)) if number > 1 else ("out",)

    def expected(self, case: Case, inputs: Tensors, scalars: Scalars, keep: bool = True) -> Tensors:
        """What the reference gives, all of it tensors. keep: leave the inputs as they are, whatever
        it does to what it gets."""
        inputs = tuple(one.clone() for one in inputs) if keep else inputs
        call = self.call_of_reference(case, inputs, scalars)
        if self.reseeded:
            seed_all(case.label)
        outputs = self.taken(self.run("reference", call))
        if self.reseeded:
            after = drawn_from(self.device)
            seed_all(case.label)
            self.at_random = not torch.equal(after, drawn_from(self.device))
        if not outputs:
            raise BadOperator(self.name, "reference: it gives nothing that could be compared")
        for one in outputs:
            if got := _incomparable(one):
                problem = f"reference: expected tensors of plain numbers, got {got}"
                raise BadOperator(self.name, problem)
        return outputs

    def adapt(self, loaded: Loaded, said: Optional[bool], text: str) -> Loaded:
        """A provider of the user's, called as the format has it. text: of its source."""
        away = self.device == "cpu" and redirect.names_a_gpu(text)
        fitted: Dict[Case, Loaded] = {}

        def within() -> ContextManager[Any]:
            stack = contextlib.ExitStack()
            stack.enter_context(loaded.within())
            stack.enter_context(self.importing(text))
            return stack

        def fit(form: Form) -> Loaded:
            if form.case not in fitted:
                fitted.clear()  # it may hold weights, and cases come one after the other
                with within():
                    made = self.prepared(loaded.call, form, said)
                told = loaded.implementation
                also = f", {redirect.TOLD}" if away else ""
                fitted[form.case] = replace(
                    loaded,
                    within=within,
                    prepared=made,
                    implementation=lambda *a, **k: f"{told(*a, **k)}{also}",
                )
            return fitted[form.case]

        return replace(loaded, within=within, fit=fit)

    def importing(self, text: str) -> ContextManager[Any]:
        """Around the import of a provider's file, of that text."""
        away = self.device == "cpu" and redirect.names_a_gpu(text)
        return redirect.to_cpu() if away else self.around()

    def around(self) -> ContextManager[Any]:
        """Around whatever runs of the problem's own code."""
        return redirect.to_cpu() if self.redirected else contextlib.nullcontext()

    @property
    def told(self) -> str:
        """What has to be said of how it runs."""
        return f", {redirect.TOLD}" if self.redirected else ""

    def run(self, what: str, call: Callable[..., Any], *given: Any, **named: Any) -> Any:
        """What a function of the problem returns; BadOperator if it raised, unfit where the machine
        lacks what it needs."""
        try:
            with self.around(), torch.no_grad():
                return call(*given, **named)
        except BadOperator:
            raise
        except (Exception, SystemExit) as exc:
            places.trace()
            if lacking := unfit.why(exc, self.device):
                raise BadOperator(self.name, f"{what} {lacking}", unfit=True) from exc
            raise BadOperator(self.name, f"{what} raised {_of(exc)}") from exc

    def lacking(self, exc: BaseException) -> str:
        """What of this machine a candidate would have needed, in words; empty if it is to blame."""
        return unfit.why(exc, self.device)

    @property
    def name(self) -> str:
        """For messages: the operator's name."""
        return self.problem.name


def _incomparable(one: Any) -> str:
    """What an output is, if no numbers of it can be compared; else empty."""
    if not isinstance(one, torch.Tensor):
        return type(one).__name__
    if one.is_complex():
        return f"complex ones, {list(one.shape)}"
    return "" if one.numel() else f"one without elements, {list(one.shape)}"


def _of(exc: BaseException) -> str:
    if isinstance(exc, SystemExit):
        return f"SystemExit({exc.code!r}), which ends the program"
    return sentence(exc)


def _bound(of: Callable[..., Call], case: Case, *inputs: Tensor, **scalars: Any) -> Call:
    return of(case, inputs, scalars)
