"""A FlashInfer Trace definition on a device."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any, Callable, Dict, List, Optional, Tuple

import torch

from remote_payload.contract.case import Case, Value
from remote_payload.contract.dtypes import DType
from remote_payload.contract.facts import AxisFacts, OperatorFacts, ProviderFacts, Role
from remote_payload.contract.records import Ruling
from remote_payload.contract.words import LACKS, NO_INPUTS
from remote_payload.operators import drawing as ours
from remote_payload.operators import provider_file
from remote_payload.operators.adapted import adapter, redirect
from remote_payload.operators.adapted.adapter import Call, Given, Listed, Scalars, Tensors
from remote_payload.operators.adapted.formats import Problem
from remote_payload.operators.flashinfer import asked as asked_cases
from remote_payload.operators.flashinfer import (
    constraints,
    drawing,
    judge,
    plausible,
    reading,
    rules,
    sampled,
)
from remote_payload.operators.flashinfer.reading import WORKLOAD, Definition, Workload
from remote_payload.operators.loaded import Form
from remote_payload.operators.returned import entries, parts
from remote_payload.operators.seeding import seed_all
from remote_payload.operators.user.described import Asked, Described, Refused
from remote_payload.operators.user.protocol import REFERENCE
from remote_payload.operators.user.stated import BadOperator

Tensor = Any
SAMPLING = "sampling"
SOURCE = "reference.py"
_UUID_DIGITS = 8


class Adapter(adapter.Adapter):
    """See `adapted.adapter.Adapter`. The case of a workload has its axes, and its name."""

    def __init__(self, problem: Problem, folder: Path, root: Path, device: str) -> None:
        super().__init__(problem, folder, root, device)
        body = problem.body
        self.definition: Definition = reading.definition(body.of("definition"))
        lines = body.of("workloads").items()
        self._workloads = _named([reading.workload(one, self.definition) for one in lines])
        self._rules = rules.rules(self.definition, body.maybe("rules"))
        self.redirected = device == "cpu" and redirect.names_a_gpu(self.definition.source)

    @property
    def told(self) -> str:
        by_name = ", called by name as its parameters stand in another order than the inputs"
        return f"{by_name if self.definition.by_name else ''}{super().told}"

    def described(self) -> Described:
        one = self.definition
        axes = [AxisFacts(name, name) for name in one.varying]
        axes += [AxisFacts(WORKLOAD, WORKLOAD)] if self._workloads else []
        guess = not self._workloads and self._whole
        guessed = f" ({', '.join(self._whole)} drawn by us: no workload)" if guess else ""
        facts = OperatorFacts(
            name=self.name,
            title=f"{one.name}, {one.op_type} ({self.problem.title})",
            axes=tuple(axes),
            providers=(ProviderFacts(REFERENCE, "the definition's reference", Role.BASELINE),),
            reference=f"the definition's reference, in its own precision{guessed}{self.told}",
            target=self.problem.target,
        )
        dtypes, words = (self._dtype,), (WORKLOAD,)
        tensors = "remote_payload.operators.adapted.tensors"
        return Described(facts, (), words, dtypes, (REFERENCE,), (), tensors)

    @functools.cached_property
    def _dtype(self) -> DType:
        """That of the first numbers that come out, or go in."""
        known = {dtype.facts.torch: dtype for dtype in DType}
        order = (*self.definition.outputs, *self.definition.inputs)
        named = [known[one.dtype] for one in order if one.shape is not None and one.dtype in known]
        return next((one for one in named if one.rounds), named[0] if named else DType.FP32)

    def listed(self, asked: Asked) -> Listed:
        named = self._workloads.items()
        refused = [Refused(name, one.refused) for name, one in named if one.refused]
        gpu, cpu = (
            plausible.axes(self.definition, size)
            for size in (plausible.GPU_SIZE, plausible.CPU_SIZE)
        )
        if asked.sweeps:
            of, known = self.described(), self._workloads
            both = [asked_cases.cases(of, known, usual, asked) for usual in (gpu, cpu)]
            return Listed(both[0], both[1])
        if not self._workloads:
            return Listed((self._case(dict(gpu)),), (self._case(dict(cpu)),))
        runnable = {n: one for n, one in self._workloads.items() if not one.refused}
        made = tuple(self._case({**one.axes, WORKLOAD: name}) for name, one in runnable.items())
        smallest = sorted(made, key=self._elements)[:1]
        return Listed(made[-1:] if asked.narrow else made, tuple(smallest), tuple(refused))

    def _case(self, values: Dict[str, Value]) -> Case:
        return Case(self.name, tuple(values.items()), self._dtype)

    def _elements(self, case: Case) -> int:
        sizes = dict(case.sizes)
        specs = (*self.definition.inputs, *self.definition.outputs)
        shapes = [self.definition.size(one, sizes) for one in specs if one.shape]
        return sum(functools.reduce(lambda a, b: a * b, shape, 1) for shape in shapes)

    def draw(self, case: Case, seed: int) -> Given:
        of, sizes = self.definition, dict(case.sizes)
        name = str(case.get(WORKLOAD, ""))
        chosen = self._workloads.get(name)
        if name and chosen is None:
            raise BadOperator(self.name, f"there is no workload {name!r}")
        generator = seed_all(f"{seed}/{self.name}/{case.label}")
        tensors: Dict[str, Tensor] = {}
        scalars: Scalars = {}
        for spec in of.inputs:
            one = chosen.stored.get(spec.name) if chosen else None
            if spec.shape is None:
                scalars[spec.name] = drawing.number(spec, one, generator)
                continue
            size = of.size(spec, sizes)
            if one is not None and one.path:
                tensors[spec.name] = drawing.stored(spec, size, one, self.folder)
            elif one is not None:
                tensors[spec.name] = torch.tensor(one.value, dtype=getattr(torch, spec.dtype))
            else:
                placed = None if chosen else plausible.places(of, spec, _all(of, sizes), generator)
                drawn = drawing.drawn(spec, size, generator) if placed is None else placed
                tensors[spec.name] = drawing.as_probabilities(of, spec, drawn)
        self._require_constraints(case, {**_all(of, sizes), **tensors, **scalars})
        return Given(tuple(tensors), tuple(tensors.values()), scalars)

    def _require_constraints(self, case: Case, values: Dict[str, Any]) -> None:
        broken = constraints.broken(self.definition.constraints, values)
        if broken:
            problem = f"{case.label} does not keep its constraint {broken[0]}"
            raise BadOperator(self.name, problem)

    @functools.cached_property
    def _reference(self) -> Callable[..., Any]:
        module = self.run("importing the reference", self._imported)
        found: Callable[..., Any] = getattr(module, reading.RUN)
        return found

    def _imported(self) -> Any:
        try:
            return provider_file.load(self.folder / SOURCE, self.root)
        except ModuleNotFoundError as exc:
            lacking = (exc.name or "").partition(".")[0]
            problem = f"the reference imports {lacking}, {LACKS}"
            raise BadOperator(self.name, problem, unfit=True) from exc

    def expected(self, case: Case, inputs: Tensors, scalars: Scalars, keep: bool = True) -> Tensors:
        """As of every adapter; but where no workload gave its whole numbers, a failure may well be
        that of our guess."""
        if not self._guessed(case):
            return super().expected(case, inputs, scalars, keep)
        names = ", ".join(self._guessed(case))
        try:
            outputs = super().expected(case, inputs, scalars, keep)
        except BadOperator as exc:
            if exc.unfit:
                raise
            problem = f"{NO_INPUTS}: no workload gives {names}, and with ours {exc}"
            raise BadOperator(self.name, problem) from exc
        if not all(bool(one.float().isfinite().all()) for one in outputs):
            problem = f"{NO_INPUTS}: no workload gives {names}, and ours lead to infinities"
            raise BadOperator(self.name, problem)
        return outputs

    def _guessed(self, case: Case) -> Tuple[str, ...]:
        """The inputs of whole numbers that are drawn by us."""
        return () if case.get(WORKLOAD, "") else self._whole

    @functools.cached_property
    def _whole(self) -> Tuple[str, ...]:
        return tuple(one.name for one in self.definition.inputs if one.dtype.startswith("int"))

    def call_of_reference(self, case: Case, inputs: Tensors, scalars: Scalars) -> Call:
        given = self._ordered(inputs, scalars)
        if not self.definition.by_name:
            return functools.partial(self._reference, *given)
        names = [spec.name for spec in self.definition.inputs]
        return functools.partial(self._reference, **dict(zip(names, given)))

    def _ordered(self, inputs: Tensors, scalars: Scalars) -> List[Any]:
        """As the definition has them, by place."""
        tensors = iter(inputs)
        return [
            scalars[spec.name] if spec.shape is None else next(tensors)
            for spec in self.definition.inputs
        ]

    def taken(self, returned: Any, names: Tuple[str, ...] = ()) -> Tuple[Any, ...]:
        specs = self.definition.outputs
        if isinstance(returned, dict):
            held = dict(entries(returned))
            returned = tuple(held.get(spec.name) for spec in specs)
        many = parts(returned) if isinstance(returned, (tuple, list)) else (returned,)
        return tuple(
            torch.tensor(one, dtype=getattr(torch, spec.dtype), device=self.device)
            if isinstance(one, (bool, int, float))
            else one
            for one, spec in zip(many, specs)
        ) + tuple(many[len(specs) :])

    def output_names(self, number: int) -> Tuple[str, ...]:
        names = tuple(spec.name for spec in self.definition.outputs)
        if len(names) != number:
            problem = f"the reference gives {number} outputs, the definition has {len(names)}"
            raise BadOperator(self.name, problem)
        return names

    def rule(
        self, case: Case, inputs: Tensors, scalars: Scalars, outputs: Tensors, want: Tensors
    ) -> Ruling:
        names = [spec.name for spec in self.definition.outputs]
        return judge.rule(self._rules, names, outputs, want)

    @property
    def stochastic(self) -> bool:
        """Whether its outputs are samples, of which no two calls give the same."""
        return self.definition.op_type == SAMPLING and "probs" in self._names

    @functools.cached_property
    def _names(self) -> Tuple[str, ...]:
        return tuple(spec.name for spec in self.definition.inputs if spec.shape is not None)

    def rule_drawn(
        self, case: Case, inputs: Tensors, outputs: Tensors, again: Optional[Callable[[], Tensors]]
    ) -> Ruling:
        """Their judge of samples, which needs more calls than one."""
        known = dict(zip(self._names, inputs))
        probs = known["probs"].float()
        probs = probs[None] if probs.dim() == 1 else probs
        name = self.definition.name
        may = sampled.allowed(name, probs, known.get("top_k"), known.get("top_p"))
        one_more = None if again is None else lambda: again()[0]
        return sampled.rule(self._rules, probs, may, outputs[0], one_more)

    def prepared(self, function: Any, form: Form, said: Optional[bool]) -> Callable[..., Call]:
        """Called by place, as they do; one that fills its outputs gets them made beforehand, which
        is no part of the time it takes."""
        fills = True if said is None else said

        def prepare(*inputs: Tensor, **scalars: Any) -> Call:
            given = self._ordered(inputs, scalars)
            if not fills:
                return functools.partial(function, *given)
            outputs = tuple(
                drawing.room(one.size, ours.dtype_of(one, form.case), form.device)
                for one in form.outputs
            )
            return _Filling(function, given, outputs)

        return prepare


class _Filling:
    """A call that fills outputs, and gives them back."""

    def __init__(self, function: Any, given: List[Any], outputs: Tensors) -> None:
        self._call = functools.partial(function, *given, *outputs)
        self._outputs = outputs

    def __call__(self) -> Tensors:
        self._call()
        return self._outputs


def _all(of: Definition, axes: Dict[str, int]) -> Dict[str, int]:
    return drawing.facts(of, axes)


def _named(workloads: List[Workload]) -> Dict[str, Workload]:
    """By the first digits of their uuid, as many as tell them apart."""
    digits = _UUID_DIGITS
    longest = max((len(one.uuid) for one in workloads), default=0)
    while digits < longest and len({one.uuid[:digits] for one in workloads}) < len(workloads):
        digits += 1
    return {one.uuid[:digits]: one for one in workloads}
