"""How a C function of a user's .cu file is called, and the declaration it is held to.

    extern "C" int ENTRY(const void *INPUT, …, void *OUTPUT, …,
                         long long AXIS, …, double SCALAR, …, void *stream);

Inputs, outputs and axes come in the operator's order, all axes, whatever a case leaves out: a
switch as 0 or 1, a word as its place among its choices, from 0. Scalars are those that are no axis.
Tensors are contiguous, outputs are allocated by us, and what is launched goes to `stream`, a
cudaStream_t. It returns 0, a cudaError_t, or SPARSEK_UNSUPPORTED for a case that it does not do.

The declaration is included before the file, so that another order, number or type of parameters is
the compiler's error. SPARSEK_DTYPE there is the element type of the case: one compile for each.
"""

from __future__ import annotations

import ctypes
import re
from typing import Any, Callable, List, Tuple

from remote_payload.contract.dtypes import DType
from remote_payload.operators.loaded import CannotRun, Form
from remote_payload.providers import filling

Tensor = Any
UNSUPPORTED = -1
_DIFFERS = re.compile(
    r"more than one instance of overloaded function|cannot overload functions distinguished by"
    r"|conflicting declaration of .* with .C. linkage|ambiguating new declaration"
)


def prototype(form: Form, entry: str) -> str:
    """The declaration of `entry` for calls of this form; CannotRun for what no C function gets."""
    names = _Names()
    words = [
        *(f"const void *{names.of(name)}" for name in form.inputs),
        *(f"void *{names.of(one.name)}" for one in form.outputs),
        *(f"long long {names.of(axis.symbol)}" for axis, _ in form.operator.full(form.case)),
        *(f"double {names.of(name)}" for name in scalars(form)),
        "void *stream",
    ]
    return f"int {entry}({', '.join(words)})"


def header(form: Form, entry: str) -> str:
    """What is included before the user's file."""
    dtypes = [f"#define {_macro(one)} {number}" for number, one in enumerate(DType, 1)]
    return "\n".join(
        (
            f"// How {form.operator.name} calls {entry}; see docs/providers.md.",
            "#pragma once",
            f"#define SPARSEK_UNSUPPORTED ({UNSUPPORTED})",
            *dtypes,
            f"#define SPARSEK_DTYPE {_macro(form.case.dtype)}",
            f'extern "C" {prototype(form, entry)};',
            "",
        )
    )


def differs(words: str) -> bool:
    """Whether a compiler's error says that the function has other parameters than declared."""
    return _DIFFERS.search(words) is not None


def scalars(form: Form) -> Tuple[str, ...]:
    """Those that are no axis, whose values are there already."""
    axes = {name for axis in form.operator.axes for name in (axis.symbol, axis.name)}
    return tuple(name for name in form.scalars if name not in axes)


def axes(form: Form) -> Tuple[int, ...]:
    """The value of every axis as a number."""
    return tuple(
        axis.choices.index(value) if isinstance(value, str) else int(value)
        for axis, value in form.operator.full(form.case)
    )


class Entry:
    """The function, called as a provider. stream: of the device, asked for at each call; wrong:
    what an error code means, in words."""

    def __init__(
        self,
        native: Any,
        form: Form,
        stream: Callable[[], int],
        wrong: Callable[[int], str] = lambda code: f"cudaError {code}",
    ) -> None:
        self._native, self._form, self._stream, self._wrong = native, form, stream, wrong
        self._axes, self._scalars = axes(form), scalars(form)
        pointers = len(form.inputs) + len(form.outputs)
        native.restype = ctypes.c_int
        native.argtypes = (
            *(ctypes.c_void_p,) * pointers,
            *(ctypes.c_longlong,) * len(self._axes),
            *(ctypes.c_double,) * len(self._scalars),
            ctypes.c_void_p,
        )

    def __call__(self, *inputs: Tensor, **given: Any) -> Any:
        """NotImplementedError: it does not do this case; RuntimeError: the code it returned."""
        form = self._form
        for name, tensor in zip(form.inputs, inputs):
            if not tensor.is_contiguous():
                raise ValueError(f"{name} is not contiguous, which a C function could not know")
        outputs = filling.empty(form.outputs, form.case, form.device)
        pointers = [tensor.data_ptr() for tensor in (*inputs, *outputs)]
        numbers = _numbers(given, self._scalars)
        code = self._native(*pointers, *self._axes, *numbers, self._stream())
        if code == UNSUPPORTED:
            raise NotImplementedError("returned SPARSEK_UNSUPPORTED: it does not do this case")
        if code:
            raise RuntimeError(f"returned {code}: {self._wrong(code)}")
        return filling.as_returned(outputs)


def _numbers(given: Any, names: Tuple[str, ...]) -> List[float]:
    words = [name for name in names if not isinstance(given[name], (bool, int, float))]
    if words:
        raise CannotRun(f"a C function takes numbers, and {words[0]} is {given[words[0]]!r}")
    return [float(given[name]) for name in names]


def _macro(dtype: DType) -> str:
    return f"SPARSEK_{dtype.value.upper()}"


class _Names:
    """Parameters of names that C takes, each once."""

    def __init__(self) -> None:
        self._taken = {"stream"}

    def of(self, name: str) -> str:
        plain = re.sub(r"\W", "_", name, flags=re.ASCII)
        plain = plain if re.match(r"[A-Za-z_]", plain) else f"_{plain}"
        while plain in self._taken:
            plain += "_"
        self._taken.add(plain)
        return plain
