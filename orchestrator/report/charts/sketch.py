"""A drawing before it is drawn: the calls that make it, in their order.

Nothing of matplotlib is needed to make one, nor to tell whether it is the same as another.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

FIGURE, AXES = "figure", "axes"


@dataclass(frozen=True)
class Call:
    """A method of the figure or of its axes, and what it is called with."""

    of: str
    name: str
    values: tuple[Any, ...]
    named: dict[str, Any]


class _Part:
    """Takes any call that matplotlib's object of this name does; nothing comes back of it."""

    def __init__(self, of: str, calls: list[Call]) -> None:
        self._of, self._calls = of, calls

    def __getattr__(self, name: str) -> Callable[..., None]:
        def noted(*values: Any, **named: Any) -> None:
            self._calls.append(Call(self._of, name, values, named))

        return noted


@dataclass(frozen=True)
class Sketch:
    """One figure with one pair of axes. calls: what is done to them, after the title is set."""

    title: str
    calls: list[Call] = field(default_factory=list)

    @property
    def figure(self) -> Any:
        return _Part(FIGURE, self.calls)

    @property
    def axes(self) -> Any:
        return _Part(AXES, self.calls)

    @property
    def text(self) -> str:
        """All that is drawn: two sketches of one text give one drawing."""
        rows = [[one.of, one.name, one.values, one.named] for one in self.calls]
        return json.dumps([self.title, rows], default=_plain)


def _plain(value: object) -> object:
    """Numbers of numpy, and words that are no more than words."""
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, range):
        return list(value)
    return value.item()  # type: ignore[attr-defined]
