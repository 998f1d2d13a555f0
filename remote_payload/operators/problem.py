"""One case with its tensors, and the one recipe by which every stage calls a provider."""

from __future__ import annotations

import functools
import importlib
from typing import Any, Callable, ContextManager, Dict, Iterator, List, Optional, Tuple

import torch

from remote_payload.contract.case import Case
from remote_payload.contract.facts import Gate
from remote_payload.contract.records import ErrorMeasure, Ruling
from remote_payload.contract.words import Fault
from remote_payload.operators import drawing, registry
from remote_payload.operators.base import Block, Operator
from remote_payload.operators.judging import measure_error
from remote_payload.operators.judging.judgement import Judgement
from remote_payload.operators.judging.poisoning import poisoned
from remote_payload.operators.loaded import Form, Loaded
from remote_payload.operators.returned import is_plain, parts
from remote_payload.operators.row_blocks import blocks_of
from remote_payload.operators.seeding import seed_all
from remote_payload.operators.setting import Setting
from remote_payload.operators.user import described

Tensor = Any
Tensors = Tuple[Tensor, ...]
Back = Callable[[Tensors], Tensors]
Scalars = Dict[str, Any]


class WrongForm(Exception):
    """What came back is no output of the operator at all; the text says in which way."""

    def __init__(self, problem: str, fault: Fault = Fault.FORM) -> None:
        super().__init__(problem)
        self.fault = fault


class Problem:
    """A case of an operator on the device of a run.

    names: of what goes in, in the order in which a provider gets it. at_random: whether its
    reference was seen to draw from torch's generators. scalars: those that go with the first draw,
    for whoever does not draw; None: they are made.
    """

    def __init__(
        self, operator: Operator, case: Case, setting: Setting, scalars: Optional[Scalars] = None
    ) -> None:
        self.operator, self.case, self._setting = operator, case, setting
        self._half = begun(operator, setting)
        self._inputs, self._outputs = operator.inputs(case), operator.outputs(case)
        self.names = tuple(one.name for one in self._inputs)
        drawn = self.seeded(setting.seed) if scalars is None else scalars
        self._scalars = {**operator.scalars(case), **drawn}
        self._tolerance = operator.tolerance(case)
        seen = setting.own.of(case) if setting.own is not None else None
        self._written, self.at_random = (seen.written, seen.at_random) if seen else ((), False)
        given = self.names, self._outputs, tuple(self._scalars)
        self._form = Form(operator, case, setting.device, *given)

    def drawn(self) -> Tensors:
        """What goes in, on the CPU, the same for all processes of a run."""
        return self._made(self._setting.seed, self._setting.drawn or self._setting.inputs)

    def fresh(self, seed: int) -> Tensors:
        """Other inputs, as that seed has them, on the CPU."""
        return self._made(seed, "")

    def _made(self, seed: int, folder: str) -> Tensors:
        make = getattr(self._half, "make", None)
        if make is not None:
            made: Tensors = make(self.case, seed)
            return made
        return drawing.given(self._inputs, self.case, seed, folder)

    def to_device(self, tensors: Tensors) -> Tensors:
        """Fresh copies on the device of the run."""
        return tuple(tensor.to(self._setting.device, copy=True) for tensor in tensors)

    def poisoned(self) -> ContextManager[None]:
        """Within, what a kernel never writes is NaN: it shows, and does not look right by luck."""
        return poisoned(self.forms, self._setting.device)

    @property
    def forms(self) -> List[Tuple[Tuple[int, ...], Any]]:
        """Size and dtype of each output."""
        return [(one.size, drawing.dtype_of(one, self.case)) for one in self._outputs]

    def settle(self) -> None:
        """Wait for the device; raises what a kernel did wrong."""
        settle(self._setting)

    def bind(
        self, loaded: Loaded, tensors: Tensors, scalars: Optional[Scalars] = None
    ) -> Callable[[], Any]:
        """A call of the provider with these tensors, with nothing in it but the provider's work.

        scalars: those that are not as the case has them.
        """
        fitted, given = self._fitted(loaded), {**self._scalars, **(scalars or {})}
        if fitted.prepared is not None:
            return fitted.prepared(*tensors, **given)
        return functools.partial(fitted.call, *tensors, **given)

    def implementation(self, loaded: Loaded, tensors: Tensors) -> str:
        """The name of what a call would run; CannotRun if nothing would."""
        return self._fitted(loaded).implementation(*tensors, **self._scalars)

    def _fitted(self, loaded: Loaded) -> Loaded:
        return loaded if loaded.fit is None else loaded.fit(self._form)

    def outputs(self, returned: Any) -> Tensors:
        """What a provider returned, as a tuple; WrongForm unless every output has its form."""
        given = parts(returned) if isinstance(returned, (tuple, list)) else (returned,)
        if hasattr(self._half, "taken"):
            given = self._half.taken(returned, tuple(one.name for one in self._outputs))
        return self.formed(tuple(given))

    def formed(self, given: Tensors) -> Tensors:
        """The same outputs; WrongForm unless every one has its form."""
        if len(given) != len(self._outputs):
            raise WrongForm(f"returned {len(given)} outputs, expected {len(self._outputs)}")
        for out, spec in zip(given, self._outputs):
            self._require_form(out, torch.Size(spec.size), drawing.dtype_of(spec, self.case))
        return given

    def _require_form(self, out: Any, size: Any, dtype: Any) -> None:
        if not isinstance(out, torch.Tensor):
            raise WrongForm(f"returned {type(out).__name__}, not a tensor")
        if not is_plain(out):
            raise WrongForm(f"returned {type(out).__name__}, not a plain torch.Tensor")
        for fault, want in ((Fault.SHAPE, size), (Fault.DTYPE, dtype)):
            got = getattr(out, fault.value)
            if got != want:
                problem = f"returned {fault.value} {_plain(got)}, expected {_plain(want)}"
                raise WrongForm(problem, fault)
        if out.device.type != self._setting.device:
            raise WrongForm(f"returned device {out.device}, expected {self._setting.device}")

    def judge(
        self,
        outputs: Tensors,
        inputs: Tensors,
        scalars: Optional[Scalars] = None,
        again: Optional[Callable[[], Tensors]] = None,
    ) -> Judgement:
        """Whether the outputs for these inputs are right: by the problem's own judge, if it has
        one, else by our tolerance. scalars: as of `bind`; again: one more call of the same, for
        whoever judges samples."""
        if not hasattr(self._half, "rule"):
            error = self.measure(outputs, inputs)
            return Judgement(self.describe(error), error)
        if getattr(self._half, "stochastic", False):
            drawn: Ruling = self._half.rule_drawn(self.case, inputs, outputs, again)
            return Judgement(_wrong(drawn), None, drawn)
        given = {**self._scalars, **(scalars or {})}
        want = self._half.expected(self.case, inputs, given)
        error = measure_error.measure(outputs, blocks_of(want), self._tolerance)
        ruling: Optional[Ruling] = self._half.rule(self.case, inputs, given, outputs, want)
        if ruling is None:
            return Judgement(self.describe(error), error)
        return Judgement(_wrong(ruling), error, ruling)

    def measure(self, outputs: Tensors, inputs: Tensors) -> ErrorMeasure:
        """How far the outputs for these inputs are off."""
        return measure_error.measure(outputs, self.truth(inputs), self._tolerance)

    def exact(self, outputs: Tensors, inputs: Tensors) -> bool:
        """Whether outputs that nothing may have rounded hold their reference to the last bit: what
        `measure` would find as well, after ten times as long. False where rounding is allowed."""
        if any(gate != Gate(0.0, 0.0) for gate in self._tolerance.gates):
            return False
        flat = [out.flatten() for out in outputs]
        return all(
            torch.equal(flat[one.output][one.start : one.start + one.want.numel()].double(), want)
            for one in self.truth(inputs)
            for want in [one.want.flatten()]
        )

    def describe(self, error: ErrorMeasure) -> str:
        """What is wrong, in words; empty if nothing is."""
        return measure_error.describe(error, tuple(one.name for one in self._outputs))

    def truth(self, inputs: Tensors) -> Iterator[Block]:
        """The reference, block by block, each made when it is asked for."""
        more = {"scalars": self._scalars} if hasattr(self._half, "seeded_scalars") else {}
        blocks: Iterator[Block] = self._half.reference(self.case, *inputs, **more)
        return blocks

    @property
    def device(self) -> str:
        """Where it is computed, "cuda" or "cpu"."""
        return self._setting.device

    @property
    def draws(self) -> int:
        """Of how many inputs a check takes."""
        return int(getattr(self._half, "draws", 2))

    @property
    def unsteady(self) -> bool:
        """Whether a call's outputs may differ from those of the call before, rightly."""
        return bool(self._written) or self.at_random

    def others(self, drawn: Tensors, number: int = 1) -> Tuple[Tensors, Optional[Back]]:
        """The inputs of that number, from 1 on, and what makes their outputs those for `drawn`;
        None: they have a reference of their own."""
        turn = getattr(self._half, "others", None)
        if turn is None:
            return self._made(self._setting.seed + number, self._setting.drawn), None
        turned: Tuple[Tensors, Back] = turn(self.case, *drawn)
        return turned

    def other_scalars(self, number: int = 1) -> Scalars:
        """The scalars that differ where `others` of that number goes in."""
        if hasattr(self._half, "seeded_scalars"):
            return self.seeded(self._setting.seed + number)
        half = getattr(self._half, "other_scalars", None)
        return dict(half(self.case)) if half is not None else {}

    def seeded(self, seed: int) -> Scalars:
        """The scalars that go with the draw of that seed."""
        half = self._half
        return dict(half.seeded_scalars(self.case, seed)) if hasattr(half, "seeded_scalars") else {}

    def lacking(self, exc: BaseException) -> str:
        """What of this machine a provider would have needed that raised this; mostly nothing."""
        lacking = getattr(self._half, "lacking", None)
        return str(lacking(exc)) if lacking is not None else ""

    def reseed(self) -> None:
        """Set torch's own generators, where what is called draws from them."""
        if getattr(self._half, "reseeded", False):
            seed_all(self.case.label)

    def restore(self, held: Tensors, given: Tensors) -> None:
        """Give the inputs that may be written into what they held at first."""
        for name, place, tensor in zip(self.names, held, given):
            if name in self._written:
                place.copy_(tensor)

    def changed(self, held: Tensors, given: Tensors) -> str:
        """Which inputs no longer hold the bytes they were given, in words; else empty."""
        pairs = zip(self.names, held, given)
        other = [name for name, a, b in pairs if not torch.equal(raw(a), raw(b))]
        names = [name for name in other if name not in self._written]
        return f"changed its input {', '.join(names)}" if names else ""


def operator_of(setting: Setting) -> Operator:
    """The operator that a run is about."""
    if setting.own is not None:
        return described.operator(setting.own, setting.root)
    return registry.find(setting.operator)


def half_of(operator: Operator, setting: Setting) -> Any:
    """The half of an operator that needs torch; see `base.Tensors`."""
    module = importlib.import_module(operator.tensors)
    if not operator.target:
        return module
    return module.half(operator.target, setting.root, setting.device)


def begun(operator: Operator, setting: Setting) -> Any:
    """As `half_of`, ready to read what another process hands over."""
    half = half_of(operator, setting)
    if hasattr(half, "begin"):
        half.begin(setting.seed)
    return half


def settle(setting: Setting) -> None:
    """Wait for the device; raises what a kernel did wrong."""
    if setting.device == "cuda":
        torch.cuda.synchronize()


def raw(tensor: Tensor) -> Tensor:
    """The bytes, so that equal NaNs compare equal and -0.0 differs from 0.0; eight at a time, where
    that goes up, since large tensors are compared after each turn of a bench."""
    flat = tensor.contiguous().flatten()
    wide = flat.numel() * flat.element_size() % 8 == 0
    return flat.view(torch.int64 if wide else torch.uint8)


def _wrong(ruling: Ruling) -> str:
    return "" if ruling.right else f"by the rule of {ruling.by}: {ruling.words}"


def _plain(value: Any) -> str:
    return str(list(value)) if isinstance(value, torch.Size) else str(value)
