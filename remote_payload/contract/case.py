"""One instance of an operator: what its axes are this time."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Tuple, Union

from remote_payload.contract.dtypes import DType

Value = Union[bool, int, str]


@dataclass(frozen=True)
class Case:
    """The value of every axis, by the axis' symbol and in the operator's order, and the dtype.

    An axis at the value that its operator takes for granted is left out, so that two cases are
    equal if and only if they are the same problem.
    """

    operator: str
    axes: Tuple[Tuple[str, Value], ...]
    dtype: DType

    @property
    def label(self) -> str:
        """`B=16 H=96 S=512 D=64 fp16 causal`: sizes, dtype, then switches and words."""
        sizes = [f"{name}={value}" for name, value in self.axes if _is_size(value)]
        words = [
            name if value is True else f"{name}={str(value).lower()}"
            for name, value in self.axes
            if not _is_size(value)
        ]
        return " ".join([*sizes, self.dtype.value, *words])

    @property
    def sizes(self) -> Tuple[Tuple[str, int], ...]:
        """The axes that count something."""
        return tuple((name, int(value)) for name, value in self.axes if _is_size(value))

    def get(self, name: str, default: Value) -> Value:
        """The value of an axis, `default` where the case leaves it out."""
        return dict(self.axes).get(name, default)

    def size(self, name: str, default: int = 1) -> int:
        """As `get`, for an axis that counts something."""
        return int(self.get(name, default))

    def flag(self, name: str) -> bool:
        """Whether a switch is on."""
        return self.get(name, False) is True

    def at(self, name: str, value: Value) -> Case:
        """The same case but for one axis, which it has."""
        axes = tuple((axis, value if axis == name else old) for axis, old in self.axes)
        return replace(self, axes=axes)


def _is_size(value: Value) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)
