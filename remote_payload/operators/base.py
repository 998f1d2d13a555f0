"""What an operator is: what it says of itself without torch, and what it does with it.

`Operator` is imported by both programs, so its module needs the standard library alone. What needs
torch stands in the module that `tensors` names, which the payload's workers import; `Tensors` says
what that has to hold.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import Any, Callable, Dict, Iterator, Mapping, Optional, Protocol, Sequence, Tuple

from remote_payload.contract.case import Case, Value
from remote_payload.contract.dtypes import DType
from remote_payload.contract.facts import (
    AxisFacts,
    CaseFacts,
    OperatorFacts,
    ProviderFacts,
    Targets,
    Tolerance,
    Work,
)

Tensor = Any
Sweep = Mapping[str, Sequence[Value]]


class BadCase(ValueError):
    """A case that the operator does not have. axis: the one that is wrong, by its full name."""

    def __init__(self, axis: str, problem: str) -> None:
        super().__init__(f"{axis}: {problem}")
        self.axis, self.problem = axis, problem


@dataclass(frozen=True)
class Axis:
    """One axis. symbol: as in labels; name: as in options; both are understood in `--case`.

    otherwise: the value where a case says nothing, or the symbol of the axis whose value it then
    has; None: it has to be said, as has that of an axis of any words, which has "" here. A switch
    has False. least, choices: what it can be.
    spelt_out: it stands in a case also where it has the value that is taken for granted.
    """

    symbol: str
    name: str
    what: str = ""
    otherwise: Optional[Value] = None
    least: int = 1
    choices: Tuple[Value, ...] = ()
    spelt_out: bool = False


@dataclass(frozen=True)
class Input:
    """One tensor that goes in. draw: "normal" or "uniform", of [0, 1), times `scale`.

    row_scales: rows along the last axis are also multiplied by these in turn; empty: by nothing.
    dtype: None means the case's. torch: torch's own name for it, where it may be none of ours.
    by_columns: the last two axes lie in memory the other way round.
    """

    name: str
    size: Tuple[int, ...]
    draw: str = "normal"
    scale: float = 1.0
    dtype: Optional[DType] = None
    row_scales: Tuple[float, ...] = ()
    torch: str = ""
    by_columns: bool = False


@dataclass(frozen=True)
class Output:
    """One tensor that comes out. dtype, torch: as of an Input."""

    name: str
    size: Tuple[int, ...]
    dtype: Optional[DType] = None
    torch: str = ""


@dataclass(frozen=True)
class Block:
    """Part of a reference: `want`, fp64, in the order of the output's elements from `start` on.

    output: which of the outputs.
    """

    start: int
    want: Tensor
    output: int = 0


@dataclass(frozen=True)
class Operator:
    """What is computed.

    scalars: what a call gets by name beside its tensors. gpu_sweep, cpu_sweep: the values of each
    axis by symbol where the user says nothing; on two CPU cores a minute has to do.
    default_providers: what runs where none is named. tensors: the module with the rest, see
    `Tensors`. library: as in `OperatorFacts`.
    """

    name: str
    title: str
    axes: Tuple[Axis, ...]
    dtypes: Tuple[DType, ...]
    providers: Tuple[ProviderFacts, ...]
    default_providers: Tuple[str, ...]
    gpu_sweep: Sweep
    cpu_sweep: Sweep
    inputs: Callable[[Case], Tuple[Input, ...]]
    outputs: Callable[[Case], Tuple[Output, ...]]
    work: Callable[[Case], Optional[Work]]
    tolerance: Callable[[Case], Tolerance]
    tensors: str
    scalars: Callable[[Case], Dict[str, Any]] = lambda case: {}
    possible: Callable[[Case], None] = lambda case: None
    unit: str = "µs"
    per: str = ""
    reference: str = ""
    targets: Optional[Targets] = None
    target: str = ""
    library: bool = False

    def case(self, values: Mapping[str, Value], dtype: DType) -> Case:
        """One case; BadCase names the axis that is missing, unknown or cannot have its value."""
        known = {axis.symbol: axis for axis in self.axes}
        for symbol in values:
            if symbol not in known:
                raise BadCase(symbol, f"{self.name} has no such axis; it has {self.axis_names}")
        axes = []
        for axis in self.axes:
            value = values.get(axis.symbol)
            if value is None and axis.otherwise is None:
                raise BadCase(axis.name, "its value is missing")
            otherwise = self._otherwise(axis, values)
            if axis.spelt_out and value is None:
                value = otherwise
            if value is None or (value == otherwise and not axis.spelt_out):
                continue
            axes.append((axis.symbol, _checked(axis, value)))
        made = Case(self.name, tuple(axes), dtype)
        if dtype not in self.dtypes:
            have = ", ".join(each.value for each in self.dtypes)
            raise BadCase("dtype", f"{self.name} takes {have}, got {dtype.value}")
        self.possible(made)
        return made

    def _otherwise(self, axis: Axis, values: Mapping[str, Value]) -> Optional[Value]:
        """What the axis has where nothing is said of it; another axis' value, if it says so."""
        if isinstance(axis.otherwise, str) and not axis.choices:
            return values.get(axis.otherwise)
        return axis.otherwise

    def full(self, case: Case) -> Tuple[Tuple[Axis, Value], ...]:
        """Every axis with its value, those that the case leaves out included."""
        values: Dict[str, Value] = {}
        for axis in self.axes:
            said = dict(case.axes).get(axis.symbol)
            value = self._otherwise(axis, {**dict(case.axes), **values}) if said is None else said
            assert value is not None  # of an axis without a usual value each case has one
            values[axis.symbol] = value
        return tuple((axis, values[axis.symbol]) for axis in self.axes)

    def checked(self, case: Case) -> Case:
        """The case as `case` makes it; BadCase if it can be none of this operator's."""
        return self.case(dict(case.axes), case.dtype)

    def sweep(self, values: Sweep, dtypes: Sequence[DType]) -> Tuple[Case, ...]:
        """Every combination, the first axis slowest, each once. BadCase as in `case`."""
        symbols = [axis.symbol for axis in self.axes if axis.symbol in values]
        unknown = [symbol for symbol in values if symbol not in symbols]
        if unknown:
            raise BadCase(unknown[0], f"{self.name} has no such axis; it has {self.axis_names}")
        made = [
            self.case(dict(zip(symbols, chosen)), dtype)
            for dtype in dtypes
            for chosen in product(*(values[symbol] for symbol in symbols))
        ]
        return tuple(dict.fromkeys(made))

    @property
    def axis_names(self) -> str:
        """All axes for people: `B (batch), S (seq)`."""
        return ", ".join(
            axis.symbol if axis.symbol == axis.name else f"{axis.symbol} ({axis.name})"
            for axis in self.axes
        )

    @property
    def by_name(self) -> Dict[str, ProviderFacts]:
        """The known providers."""
        return {one.name: one for one in self.providers}

    @property
    def facts(self) -> OperatorFacts:
        """What travels home of the operator itself."""
        return OperatorFacts(
            name=self.name,
            title=self.title,
            axes=tuple(AxisFacts(axis.symbol, axis.name, axis.what) for axis in self.axes),
            providers=self.providers,
            unit=self.unit,
            per=next((axis.name for axis in self.axes if axis.symbol == self.per), ""),
            reference=self.reference,
            targets=self.targets,
            target=self.target,
            library=self.library,
        )

    def facts_of(self, case: Case) -> CaseFacts:
        """What travels home of one case."""
        per = case.size(self.per) if self.per else 1
        return CaseFacts(case, self.work(case), per, self.tolerance(case))


def _checked(axis: Axis, value: Value) -> Value:
    if axis.choices and value not in axis.choices:
        words = ", ".join(str(choice) for choice in axis.choices)
        raise BadCase(axis.name, f"expected one of {words}, got {value}")
    if isinstance(axis.otherwise, bool) != isinstance(value, bool):
        what = "true or false" if isinstance(axis.otherwise, bool) else "a number"
        raise BadCase(axis.name, f"expected {what}, got {value}")
    if isinstance(value, str) and not axis.choices and axis.otherwise != "":
        raise BadCase(axis.name, f"expected a number, got {value!r:.60}")
    if isinstance(value, int) and not isinstance(value, bool) and value < axis.least:
        raise BadCase(axis.name, f"expected {axis.least} or more, got {value}")
    return value


class Tensors(Protocol):
    """What the module `Operator.tensors` holds; only what is told apart here needs to be there.

    reference: the truth in fp64, block by block and in order, for the tensors that went in, by
    `Operator.inputs`. load: a known provider made callable (`loaded.Loaded`); CannotRun says why
    not. others (optional): other inputs and what makes the outputs for them those for the first;
    without it a second draw has a reference of its own. other_scalars (optional): by case, the
    scalars that go with `others` where they are not the case's. make (optional): the inputs, on the
    CPU, by case and seed, where `Operator.inputs` cannot say what they are. draws (optional): of
    how many inputs a check takes, where two are not enough. begin (optional): told the run's seed
    before anything else, in every process.
    """

    def reference(self, case: Case, *inputs: Tensor) -> Iterator[Block]: ...

    def load(self, name: str, setting: Any) -> Any: ...
