"""A task in the form of GPU MODE on a device.

Seeds are never the public ones: of the draw's seed and the one in `task.yml` a third is made, so
that who knows the inputs of the public cases knows none of ours.
"""

from __future__ import annotations

import copy
import functools
import hashlib
from dataclasses import replace
from pathlib import Path
from typing import Any, Callable, Dict, List, Optional, Tuple

from remote_payload.contract.case import Case
from remote_payload.contract.dtypes import DType
from remote_payload.contract.facts import AxisFacts, OperatorFacts, ProviderFacts, Ranking, Role
from remote_payload.contract.records import Ruling
from remote_payload.operators import provider_file
from remote_payload.operators.adapted import adapter, redirect, tree
from remote_payload.operators.adapted.adapter import Call, Given, Listed, Scalars, Tensors
from remote_payload.operators.adapted.formats import Problem
from remote_payload.operators.counting import size_bytes
from remote_payload.operators.gpumode import answers, axes, reading
from remote_payload.operators.gpumode.reading import Values
from remote_payload.operators.loaded import Form
from remote_payload.operators.problem import WrongForm
from remote_payload.operators.seeding import seed_all
from remote_payload.operators.user.asked_cases import cases_of
from remote_payload.operators.user.described import Asked, Described, Refused
from remote_payload.operators.user.protocol import REFERENCE
from remote_payload.operators.user.stated import BadOperator

Tensor = Any
GENERATE, KERNEL, CHECK = "generate_input", "ref_kernel", "check_implementation"
DATA = "data"  # the scalar that holds what is left of the data without its tensors
# What a rehearsal on a CPU goes up to, and how often another seed is tried for the same shapes.
MOST_CPU_BYTES = 32 << 20
_MOST_DRAWS = 8
_TOO_LARGE = "there is no CUDA GPU here, and a CPU gets the small ones alone"


class Adapter(adapter.Adapter):
    """See `adapted.adapter.Adapter`. A case is one of the task's, its public seed an axis."""

    neighbours_first = True  # `utils` and `task` are names that others have, too

    def __init__(self, problem: Problem, folder: Path, root: Path, device: str) -> None:
        super().__init__(problem, folder, root, device)
        self.task = reading.task(problem.body)
        self._axes = axes.of(self.task.cases)
        texts = (path.read_text("utf-8", "replace") for path in folder.rglob("*.py"))
        self.redirected = device == "cpu" and any(map(redirect.names_a_gpu, texts))
        self._forms: Dict[Case, List[Any]] = {}
        self._answer: Optional[tree.Tree] = None

    def begin(self, seed: int) -> None:
        """Its own classes may stand in its data, which another process hands over."""
        self._module  # noqa: B018 - imported once

    def described(self) -> Described:
        kinds = self._axes.kinds
        ranked = tuple(tuple(self._axes.coded(one).items()) for one in self.task.benchmarks)
        judged = CHECK if self._function(CHECK, False) else "our own tolerance"
        facts = OperatorFacts(
            name=self.name,
            title=f"{self.name} ({self.problem.title})",
            axes=tuple(AxisFacts(name, name) for name in kinds),
            providers=(ProviderFacts(REFERENCE, f"the task's {KERNEL}", Role.BASELINE),),
            reference=f"the task's {KERNEL}, by {judged}{self.told}",
            target=self.problem.target,
            ranking=Ranking(self.task.ranking_by, ranked) if ranked else None,
        )
        switches, words = (
            tuple(name for name, kind in kinds.items() if kind is one) for one in (bool, str)
        )
        tensors = "remote_payload.operators.adapted.tensors"
        dtypes = tuple(DType)
        return Described(facts, switches, words, dtypes, (REFERENCE,), (), tensors)

    def listed(self, asked: Asked) -> Listed:
        if asked.dtypes:
            raise BadOperator(self.name, f"--dtype: what its tensors are of, {GENERATE} says")
        if asked.sweeps:
            first = self._axes.coded(self.task.cases[0])
            usual = {name: (value,) for name, value in first.items()}
            made = tuple(self._case(dict(c.axes)) for c in cases_of(self.described(), usual, asked))
            return Listed(made, made)
        wanted = self.task.cases if self.device == "cuda" else self._small()
        cases = tuple(dict.fromkeys(self._case(self._axes.coded(one)) for one in wanted))
        left = [one for one in self.task.cases if one not in wanted]
        timed = [self._axes.coded(one) for one in self.task.benchmarks]
        untimed = tuple(one for one in cases if dict(one.axes) not in timed) if timed else ()
        if asked.narrow:
            cases = cases[-1:]
        return Listed(
            cases, cases, tuple(Refused(_told(one), _TOO_LARGE, "--case") for one in left), untimed
        )

    def _small(self) -> List[Values]:
        """Tests up to a size, and one benchmark; the smallest of each in any case."""
        small: List[Values] = []
        for one in sorted(self.task.tests, key=axes.size):
            if small and sum(map(size_bytes, self._taken_apart(one, 0)[1])) > MOST_CPU_BYTES:
                break
            small.append(one)
        tests = [one for one in self.task.tests if one in small]
        return [*tests, *sorted(self.task.benchmarks, key=axes.size)[:1]]

    def _case(self, coded: Dict[str, Any]) -> Case:
        """Its dtype is that of the first numbers that go in, which one draw tells."""
        case = Case(self.name, tuple(coded.items()), DType.FP32)
        known = {dtype.facts.torch: dtype for dtype in DType}
        tensors = self._taken_apart(self._axes.plain(coded), 0)[1]
        names = [str(one.dtype).rpartition(".")[2] for one in tensors]
        dtypes = [known[name] for name in names if name in known]
        usual = next((one for one in dtypes if one.rounds), dtypes[0] if dtypes else case.dtype)
        return replace(case, dtype=usual)

    def draw(self, case: Case, seed: int) -> Given:
        """Of shapes that follow the seed those of the first draw are taken again, if another seed
        gives them: providers get all draws in the same place."""
        values = self._axes.plain(dict(case.axes))
        for attempt in range(_MOST_DRAWS):
            left, found = self._taken_apart(values, seed, attempt)
            form = [(name, one.shape, one.dtype) for name, one in zip(left.names, found)]
            if self._forms.setdefault(case, form) == form:
                names = tuple(f"{DATA}{place}" for place in left.names)
                tensors = tuple(one.cpu() for one in found)
                return Given(names, tensors, {DATA: left})
        problem = f"{GENERATE} gives other shapes for each seed on {case.label}"
        raise BadOperator(self.name, f"{problem}; give them by the axes of a case instead")

    def _taken_apart(
        self, values: Values, seed: int, attempt: int = 0
    ) -> Tuple[tree.Tree, Tuple[Tensor, ...]]:
        """One draw, on the device."""
        public = values.get(reading.SEED)
        seed_all(f"{seed}/{self.name}/{attempt}/{sorted(values.items(), key=str)}")
        if public is not None:
            values = {**values, reading.SEED: fresh(seed, public, attempt)}
        data = self.run(GENERATE, self._function(GENERATE), **values)
        left, found = self.run(GENERATE, tree.taken_apart, data)
        if not found:
            kind = type(data).__name__
            raise BadOperator(self.name, f"{GENERATE} returned {kind}, without a tensor in it")
        return left, found

    @functools.cached_property
    def _module(self) -> Any:
        return self.run(f"importing {reading.REFERENCE}", self._imported)

    def _imported(self) -> Any:
        try:
            return provider_file.load(self.folder / reading.REFERENCE, self.root, first=True)
        except ModuleNotFoundError as exc:
            lacking = (exc.name or "").partition(".")[0]
            problem = f"{reading.REFERENCE} imports {lacking}, which neither the task's files have "
            problem += "nor the host's Python"
            raise BadOperator(self.name, problem, unfit=True) from exc

    def _function(self, name: str, required: bool = True) -> Any:
        found = getattr(self._module, name, None)
        if found is None and not required:
            return None
        if not callable(found):
            raise BadOperator(self.name, f"{reading.REFERENCE}: there is no function {name}")
        return found

    def _data(self, tensors: Tensors, scalars: Scalars) -> Any:
        """The data whole again. What is no tensor is copied, as a call may well change it."""
        left: tree.Tree = scalars[DATA]
        return self.run("copying its data", copy.deepcopy, left).filled(tensors)

    def call_of_reference(self, case: Case, inputs: Tensors, scalars: Scalars) -> Call:
        return functools.partial(self._function(KERNEL), self._data(inputs, scalars))

    def prepared(self, function: Any, form: Form, said: Optional[bool]) -> Callable[..., Call]:
        def prepare(*inputs: Tensor, **scalars: Any) -> Call:
            return functools.partial(function, self._data(inputs, scalars))

        return prepare

    def taken(self, returned: Any, names: Tuple[str, ...] = ()) -> Tuple[Any, ...]:
        """The tensors of an answer, a provider's in the order of the reference's; WrongForm. That
        of the reference has nothing else in it, as nobody would compare it."""
        left, tensors = tree.taken_apart(returned, shared=False)
        called = answers.names(left)
        if not names:
            if not tensors or any(one is not None for one in left.others):
                kinds = {type(one).__name__ for one in (*left.others, *tensors)}
                problem = f"{KERNEL}: expected tensors, got {', '.join(sorted(kinds)) or 'nothing'}"
                raise BadOperator(self.name, problem)
            self._answer = left
            return tensors
        if sorted(called) != sorted(names):
            got = ", ".join(called) or f"{type(returned).__name__}, no tensor"
            raise WrongForm(f"returned {got}, expected {', '.join(names)}")
        found = dict(zip(called, tensors))
        return tuple(found[name] for name in names)

    def output_names(self, number: int) -> Tuple[str, ...]:
        assert self._answer is not None  # the reference was just called
        return answers.names(self._answer)

    def rule(
        self, case: Case, inputs: Tensors, scalars: Scalars, outputs: Tensors, want: Tensors
    ) -> Optional[Ruling]:
        """By `check_implementation`, on data that nobody has touched; by our own tolerance in a
        task without one."""
        check = self._function(CHECK, False)
        if check is None:
            return None
        assert self._answer is not None  # `want` is the reference's
        data = self._data(tuple(one.clone() for one in inputs), scalars)
        seed_all(case.label)
        try:
            return answers.verdict(self.run(CHECK, check, data, self._answer.filled(outputs)))
        except BadOperator as exc:
            if exc.unfit:
                raise
            return Ruling(answers.BY, False, answers.shortened(str(exc)))


def _told(values: Values) -> str:
    """A case of the task's, as it stands there."""
    return " ".join(f"{name}={value}" for name, value in values.items())


def fresh(seed: int, public: int, attempt: int = 0) -> int:
    """A seed of 31 bits for `generate_input`, of the draw's seed and the public one."""
    digest = hashlib.sha256(f"{seed}/{public}/{attempt}".encode()).digest()
    return int.from_bytes(digest[:4], "little") >> 1
