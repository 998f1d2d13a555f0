"""The operators that are ours, by name; each is imported when it is asked for."""

from __future__ import annotations

import importlib
import os
from functools import lru_cache
from typing import Optional, Tuple

from remote_payload.operators.base import Operator

DEFAULT = "attention"
# An operator is a package beside this file with a module of this name, which holds an OPERATOR.
_MODULE = "definition"


class UnknownOperator(ValueError):
    """No operator of ours has that name; the text says which there are."""


@lru_cache(maxsize=1)
def names() -> Tuple[str, ...]:
    """All of them, the default first."""
    here = os.path.dirname(os.path.abspath(__file__))
    found = [n for n in os.listdir(here) if os.path.isfile(os.path.join(here, n, f"{_MODULE}.py"))]
    return (DEFAULT, *sorted(name for name in found if name != DEFAULT))


def find(name: str) -> Operator:
    """The operator of that name; UnknownOperator if there is none."""
    if name not in names():
        raise UnknownOperator(f"expected one of {', '.join(names())}, got {name!r}")
    operator: Operator = importlib.import_module(f"{__package__}.{name}.{_MODULE}").OPERATOR
    return operator


def known(name: str) -> Optional[Operator]:
    """As `find`; None for an operator that is not ours."""
    return find(name) if name in names() else None
