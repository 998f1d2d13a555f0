"""Values for the pages' own scripts: text that has passed the gate, as a call in JavaScript."""

from __future__ import annotations

import json
from typing import Any

from orchestrator.report.wording.plain import words

_FIGURES = 6


def call(function: str, *values: Any) -> str:
    """`function(value, …);` of ASCII alone; nothing in it ends a script, or begins a comment in
    HTML, wherever it is put."""
    told = (
        json.dumps(value, separators=(",", ":")).replace("<", "\\u003c").replace(">", "\\u003e")
        for value in values
    )
    return f"{function}({','.join(told)});\n"


def figure(value: float | None) -> float | None:
    """With as many digits as any page shows; a whole number has no point."""
    if value is None:
        return None
    short = float(f"{value:.{_FIGURES}g}")
    return int(short) if short.is_integer() else short


class Pool:
    """Texts that are said again and again, each once; told is where they stand."""

    def __init__(self) -> None:
        self._places: dict[str, int] = {}

    def place(self, text: str) -> int:
        return self._places.setdefault(words(text), len(self._places))

    @property
    def texts(self) -> list[str]:
        return list(self._places)
