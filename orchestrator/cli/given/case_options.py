"""Which operator, and which of its cases; what is left open is chosen for the device found."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import click

from orchestrator.cli.given import sweeps
from remote_payload.contract.case import Value
from remote_payload.contract.dtypes import DType
from remote_payload.operators import registry
from remote_payload.operators.base import Axis, Operator

if TYPE_CHECKING:
    from orchestrator.workflows.operator_choice import Choice

F = TypeVar("F", bound=Callable[..., Any])

# Where an axis of the default operator is an option, the value is kept under this and its symbol.
_AXIS = "axis_"


class Values(click.ParamType["tuple[Value, ...]"]):
    """The values of one axis, as `sweeps` reads them."""

    name = "N[,N…]"

    def __init__(self, axis: Axis) -> None:
        self._axis = axis

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[Value, ...]:
        if isinstance(value, tuple):
            return value
        try:
            return tuple(self._axis_checked(each) for each in sweeps.values(str(value), self._axis))
        except sweeps.BadValues as exc:
            self.fail(str(exc))

    def _axis_checked(self, value: Value) -> Value:
        if isinstance(value, int) and value < self._axis.least:
            raise sweeps.BadValues(f"{value} is not allowed; expected {self._axis.least} or more")
        return value


class DTypes(click.ParamType["tuple[DType, ...]"]):
    """A comma-separated list of element types."""

    name = "TYPE[,TYPE…]"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[DType, ...]:
        if isinstance(value, tuple):
            return value
        known = {dtype.value: dtype for dtype in DType}
        words = [part.strip() for part in str(value).split(",")]
        for word in words:
            if word not in known:
                self.fail(f"{word!r} is no element type; expected some of {', '.join(known)}")
        return tuple(known[word] for word in dict.fromkeys(words))


def case_options(function: F) -> F:
    """--operator, --case, --dtype, and the axes of the default operator as options."""
    default = registry.find(registry.DEFAULT)
    for axis in reversed(default.axes):
        function = _axis_option(axis, default)(function)
    for option in (
        click.option(
            "--case",
            "case_texts",
            multiple=True,
            metavar="AXIS=VALUES,…",
            help="Values of any axes: M=4096,N=1024,2048,K=64..512x2. Repeatable.",
        ),
        click.option(
            "--dtype",
            "dtypes",
            type=DTypes(),
            default=(),
            help=f"Element types. Default: {default.dtypes[0].value}.",
        ),
        click.option(
            "--operator",
            default=registry.DEFAULT,
            metavar="NAME|FILE",
            help=f"What is computed: {', '.join(registry.names())}; an entry of kernels.yaml; a "
            "file of your own, path.py[:Class] (docs/operators.md); or a problem of FlashInfer "
            "Trace, GPU MODE or KernelBench (docs/problem-formats.md).",
        ),
    ):
        function = option(function)
    return function


def _axis_option(axis: Axis, operator: Operator) -> Callable[[F], F]:
    key = f"{_AXIS}{axis.symbol}"
    what = axis.what[:1].upper() + axis.what[1:]
    if isinstance(axis.otherwise, bool):
        return click.option(
            f"--{axis.name}/--no-{axis.name}", key, default=None, help=f"Mask: {axis.what}."
        )
    name = axis.name.replace("_", "-")
    return click.option(
        f"--{name}", key, type=Values(axis), help=f"{what}. Default: {_default(axis, operator)}."
    )


def _default(axis: Axis, operator: Operator) -> str:
    on_gpu, on_cpu = (
        ",".join(map(str, usual.get(axis.symbol, ())))
        for usual in (operator.gpu_sweep, operator.cpu_sweep)
    )
    if not on_gpu:
        names = {each.symbol: each.name for each in operator.axes}
        return (
            f"that of {names[str(axis.otherwise)]}"
            if axis.otherwise in names
            else str(axis.otherwise)
        )
    return on_gpu if on_gpu == on_cpu else f"{on_gpu}; CPU: {on_cpu}"


def asked(given: dict[str, Any], choice: Choice) -> tuple[dict[str, tuple[Value, ...]], ...]:
    """Take the options of cases out of `given`: what was said of each axis, one for each --case.

    UsageError: an option of the default operator's axes beside another operator.
    """
    name = choice.name
    options = {
        key.removeprefix(_AXIS): given.pop(key) for key in list(given) if key.startswith(_AXIS)
    }
    said = {symbol: _values(value) for symbol, value in options.items() if value is not None}
    texts = given.pop("case_texts", ())
    if said and name != registry.DEFAULT:
        axes = {axis.symbol: axis.name for axis in registry.find(registry.DEFAULT).axes}
        first = axes[next(iter(said))].replace("_", "-")
        raise click.UsageError(
            f"--{first} is an axis of {registry.DEFAULT}; those of {name} are given by --case: "
            f"{choice.axis_names}"
        )
    try:
        cases = sweeps.cases(texts, choice.axes)
    except sweeps.BadValues as exc:
        raise click.BadParameter(str(exc), param_hint="'--case'") from exc
    return tuple({**said, **case} for case in cases) or (said,)


def _values(value: Any) -> tuple[Value, ...]:
    return value if isinstance(value, tuple) else (value,)
