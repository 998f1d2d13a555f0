"""A KernelBench problem on a device."""

from __future__ import annotations

import functools
import re
from pathlib import Path
from typing import Any, Callable, Dict, Iterator, Optional, Tuple

import torch

from remote_payload.contract.case import Case
from remote_payload.contract.dtypes import DType
from remote_payload.contract.facts import AxisFacts, OperatorFacts, ProviderFacts, Role
from remote_payload.contract.records import Ruling
from remote_payload.operators import returned
from remote_payload.operators.adapted import adapter, tree
from remote_payload.operators.adapted.adapter import (
    COMPILED,
    Call,
    Given,
    Listed,
    Scalars,
    Tensors,
)
from remote_payload.operators.adapted.formats import Problem
from remote_payload.operators.drawing import torch_dtype
from remote_payload.operators.kernelbench import compiled, judge, models, reading
from remote_payload.operators.kernelbench.source import Source
from remote_payload.operators.loaded import BadTarget, Form, Loaded
from remote_payload.operators.seeding import seed_all
from remote_payload.operators.setting import Setting
from remote_payload.operators.user.asked_cases import cases_of
from remote_payload.operators.user.described import Asked, Described
from remote_payload.operators.user.protocol import REFERENCE
from remote_payload.operators.user.stated import BadOperator

Tensor = Any
DTYPES = (DType.FP32, DType.FP16, DType.BF16, DType.FP64)
# Of its scalars: the inputs without their tensors.
TREE = "inputs"


class Adapter(adapter.Adapter):
    """See `adapted.adapter.Adapter`.

    As there, one Model and one ModelNew answer all calls of a check, and the k-th answer of one is
    compared with the k-th of the other: running statistics go on from call to call. Outputs that
    depend on calls before could be checked by that, but not timed; no problem of theirs has any.
    """

    draws = 5  # num_correct_trials, as their scripts have it

    def __init__(self, problem: Problem, folder: Path, root: Path, device: str) -> None:
        super().__init__(problem, folder, root, device)
        self.stated = reading.problem(problem.body)
        self.source: Source = self.run("reading it", Source, folder / self.stated.file, root)
        self.redirected = device == "cpu" and self.source.names_a_gpu
        self._models: Dict[str, Any] = {}
        self._models_of: Optional[Case] = None
        self._seed = 0

    def described(self) -> Described:
        axes = self.stated.axes
        facts = OperatorFacts(
            name=self.name,
            title=f"{self.stated.file.rpartition('.')[0]} ({self.problem.title})",
            axes=tuple(AxisFacts(name, name) for name in axes),
            providers=(
                ProviderFacts(REFERENCE, "Model, as PyTorch runs it", Role.BASELINE),
                ProviderFacts(COMPILED, "torch.compile of Model", Role.RIVAL),
            ),
            reference=f"Model, in its own precision{self.told}",
            target=self.problem.target,
        )
        switches = tuple(name for name, value in axes.items() if isinstance(value, bool))
        tensors = "remote_payload.operators.adapted.tensors"
        usual, providers = tuple(axes.items()), (REFERENCE, COMPILED)
        return Described(facts, switches, (), DTYPES, providers, (), tensors, usual=usual)

    def listed(self, asked: Asked) -> Listed:
        usual = {name: (value,) for name, value in self.stated.axes.items()}
        made = cases_of(self.described(), usual, asked)
        return Listed(made, made)

    def begin(self, seed: int) -> None:
        """The seed of this run, by which all its processes make the same weights."""
        if seed != self._seed:
            self._models = {}
        self._seed = seed

    def draw(self, case: Case, seed: int) -> Given:
        module = self._module(case)
        seed_all(f"{seed}/{self.name}/{case.label}")
        drawn = self.run("get_inputs", module.get_inputs)
        if not isinstance(drawn, (list, tuple)):
            problem = f"get_inputs: expected a list of inputs, got {type(drawn).__name__}"
            raise BadOperator(self.name, problem)
        found, tensors = tree.taken_apart(list(drawn))
        del drawn
        dtype = torch_dtype(case.dtype)
        return Given(
            tuple(map(self._called, found.names)),
            tuple(models.cast(one, dtype).cpu() for one in tensors),
            {TREE: found},
        )

    def _called(self, place: str) -> str:
        """`x` for `[0]`, `x[1]` for `[0][1]`."""
        number, rest = re.match(r"\[(\d+)\](.*)", place, re.DOTALL).groups()  # type: ignore[union-attr]
        known = self.stated.parameters
        return f"{known[int(number)] if int(number) < len(known) else f'x{number}'}{rest}"

    def _module(self, case: Case) -> Any:
        """The file with the sizes of a case; BadOperator unless it then has what it needs."""
        module = self.run("importing it", self.source.module, dict(case.axes))
        for name in (reading.MODEL, *reading.FUNCTIONS):
            if not callable(getattr(module, name, None)):
                raise BadOperator(self.name, f"{self.stated.file} has no {name}")
        try:
            models.require_module(module.Model, reading.MODEL)
        except BadTarget as exc:
            raise BadOperator(self.name, str(exc)) from None
        return module

    def model(self, case: Case, use: str) -> Any:
        """Model, constructed once for each use. They are of one case at a time."""
        if self._models_of != case:
            self._models, self._models_of = {}, case
        if use not in self._models:
            made = self._module(case).Model
            self._models[use] = self.run("constructing Model", self.constructed, made, case)
        return self._models[use]

    def constructed(self, made: Any, case: Case) -> Any:
        """An instance of a class, with the weights of this run; raises what that raises."""
        arguments, dtype = self._module(case).get_init_inputs, torch_dtype(case.dtype)
        with torch.no_grad():
            return models.constructed(made, arguments, self._weights(case), self.device, dtype)

    def _weights(self, case: Case) -> str:
        """Of whatever is constructed: nobody who wrote a candidate knows the run's own seed."""
        return f"{self._seed}/weights/{case.label}"

    def call_of_reference(self, case: Case, inputs: Tensors, scalars: Scalars) -> Call:
        return self.calls_of(self.model(case, "truth"))(*inputs, **scalars)

    def bound(self, form: Form) -> Callable[..., Call]:
        return self.calls_of(self.model(form.case, REFERENCE))

    def calls_of(self, model: Any) -> Callable[..., Call]:
        """What makes of tensors and scalars one call of a module."""

        def prepare(*tensors: Tensor, **scalars: Any) -> Call:
            return functools.partial(model, *scalars[TREE].filled(tensors))

        return prepare

    def load(self, name: str, setting: Setting) -> Loaded:
        return compiled.loaded(self, setting) if name == COMPILED else super().load(name, setting)

    def taken(self, returned: Any, names: Tuple[str, ...] = ()) -> Tuple[Any, ...]:
        """Tensors out of tuples, lists and dicts; a number is a tensor too, and None is nothing."""
        return tuple(self._tensor(one) for one in _leaves(returned))

    def _tensor(self, one: Any) -> Any:
        return torch.tensor(one, device=self.device) if isinstance(one, (int, float)) else one

    def rule(
        self, case: Case, inputs: Tensors, scalars: Scalars, outputs: Tensors, want: Tensors
    ) -> Ruling:
        return judge.rule(case.dtype, self.output_names(len(want)), outputs, want)

    def adapt(self, loaded: Loaded, said: Optional[bool], text: str) -> Loaded:
        models.require_module(loaded.call, _named(loaded.call))
        return super().adapt(loaded, said, text)

    def prepared(self, function: Any, form: Form, said: Optional[bool]) -> Callable[..., Call]:
        """One instance for all calls."""
        given = self.run("get_init_inputs", self._module(form.case).get_init_inputs)
        models.require_arguments(function, _named(function), given)
        return self.calls_of(self.constructed(function, form.case))


def _named(made: Any) -> str:
    return str(getattr(made, "__name__", made))


def _leaves(value: Any) -> Iterator[Any]:
    """What stands in tuples, lists and dicts, these by the order of their keys."""
    if isinstance(value, dict):
        value = [one for _, one in sorted(returned.entries(value), key=lambda one: str(one[0]))]
    if isinstance(value, (list, tuple)):
        for one in returned.parts(value):
            yield from _leaves(one)
    elif value is not None:
        yield value
