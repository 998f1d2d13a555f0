"""What `ref_kernel` and `custom_kernel` return, and what `check_implementation` says of it."""

from __future__ import annotations

import re
from typing import Any, Tuple

import torch

from remote_payload.contract.records import Ruling
from remote_payload.operators.adapted.tree import Tree

BY = "check_implementation"
_MOST_CHARACTERS = 300
EXPECTED = "expected (bool, text), or a text that is empty if all is well"


def names(tree: Tree) -> Tuple[str, ...]:
    """What the tensors of an answer are called: out, out1, or as their key is."""
    return tuple(_name(place) for place in tree.names)


def _name(place: str) -> str:
    parts = re.sub(r"\['?([^\[\]']*)'?\]", r".\1", place).strip(".")
    return f"out{parts}" if not parts or parts[0].isdigit() else parts


def verdict(said: Any) -> Ruling:
    """A ruling of what `check_implementation` returned; one that says neither yes nor no is no."""
    words: Any = ""
    if isinstance(said, str):
        right, words = not said, said
    elif isinstance(said, tuple) and len(said) == 2 and _truth(said[0]) is not None:
        right, words = bool(said[0]), said[1]
    elif _truth(said) is not None:
        right = bool(said)
    else:
        return Ruling(BY, False, f"it returned {_shown(said)}; {EXPECTED}")
    text = shortened(words if isinstance(words, str) else "")
    return Ruling(BY, right, text or ("" if right else "it says no more"))


def shortened(text: str) -> str:
    """One line, and not a long one."""
    line = " ".join(text[: 4 * _MOST_CHARACTERS].split())
    return line if len(line) <= _MOST_CHARACTERS else f"{line[:_MOST_CHARACTERS]}…"


def _truth(value: Any) -> Any:
    """Whether it is a bool, of Python, numpy or torch; None if it is none."""
    if isinstance(value, torch.Tensor):
        return value if value.dtype == torch.bool and value.numel() == 1 else None
    return value if isinstance(value, bool) or type(value).__name__ in ("bool_", "bool") else None


def _shown(said: Any) -> str:
    kind = type(said).__name__
    return f"a tuple of {len(said)}" if isinstance(said, tuple) else f"a value of type {kind}"
