"""The cases that a user asks for of a problem that has axes."""

from __future__ import annotations

from typing import Any, List, Mapping, Sequence, Tuple

from remote_payload.contract.case import Case, Value
from remote_payload.operators.base import BadCase
from remote_payload.operators.user import described
from remote_payload.operators.user.described import Asked, Described

_KINDS = {bool: "yes or no", int: "a number", str: "a word"}


def cases_of(of: Described, usual: Mapping[str, Sequence[Value]], asked: Asked) -> Tuple[Case, ...]:
    """Every combination of what was asked for, and of the axes left open what is usual. BadCase for
    an axis that there is not, or a value of another kind than it has."""
    operator = described.operator(of, "")
    if asked.narrow:
        usual = {name: values[-1:] for name, values in usual.items()}
    cases: List[Case] = []
    for sweep in asked.sweeps or ((),):
        for name, chosen in dict(sweep).items():
            _require_kind(name, chosen, usual.get(name, ()))
        cases += operator.sweep({**usual, **dict(sweep)}, asked.dtypes or of.dtypes[:1])
    return tuple(dict.fromkeys(cases))


def _require_kind(name: str, chosen: Sequence[Any], like: Sequence[Value]) -> None:
    """An axis is what it was seen to be."""
    for value in chosen if like else ():
        if type(value) is not type(like[0]):
            what = f"expected {_KINDS[type(like[0])]}, such as {like[0]}, got {value}"
            raise BadCase(name, what)
