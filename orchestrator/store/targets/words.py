"""What stands behind the keys of targets.yaml, read word by word.

case: M=4096,N=4096      one value for each axis, as `--case` writes it
<= 3.820, < 3.0          a limit in µs, met exactly or not
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from remote_payload.contract.case import Case, Value
from remote_payload.contract.dtypes import DType
from remote_payload.contract.facts import Tier
from remote_payload.operators import registry
from remote_payload.operators.base import BadCase

_LIMIT = re.compile(r"(<=|≤|<)\s*(\d{1,15}(?:\.\d{1,9})?)", re.ASCII)
_SIZE = re.compile(r"\d{1,10}", re.ASCII)
_SWITCH = {"yes": True, "no": False, "true": True, "false": False}
_MOST_US, _LEAST_US = 1e15, 1e-6
_MOST_SIZE = 2**31 - 1
_SHOWN = 60


class BadWords(ValueError):
    """The text says what was expected."""


@dataclass(frozen=True)
class Unit:
    """What limits are counted in. whole_call: microseconds of a call, whatever it computes."""

    whole_call: bool


def tier(name: str, text: str) -> Tier:
    """A limit; BadWords."""
    match = _LIMIT.fullmatch(text.strip())
    if match is None:
        raise BadWords(f"expected <= or < and a number of µs, got {text[:_SHOWN]!r}")
    limit_us = float(match[2])
    if not _LEAST_US <= limit_us <= _MOST_US:
        raise BadWords(f"expected from {_LEAST_US:g} to {_MOST_US:g} µs, got {match[2]}")
    return Tier(name, limit_us, inclusive=match[1] != "<")


def case(operator: str, text: str, dtype: DType) -> Case:
    """One case. Of an operator of ours as it writes it itself, which BadWords holds it to; of a
    user's own as its author wrote it, since only the host knows its axes."""
    written: dict[str, Value] = {}
    known = registry.known(operator)
    symbols = {axis.name: axis.symbol for axis in known.axes} if known else {}
    for part in filter(None, (part.strip() for part in text.split(","))):
        head, equals, value = (each.strip() for each in part.partition("="))
        if not equals or not head or not value:
            raise BadWords(f"expected AXIS=VALUE, such as M=4096, got {part[:_SHOWN]!r}")
        symbol = symbols.get(head, head)
        if symbol in written:
            raise BadWords(f"the axis {symbol[:_SHOWN]} is given twice; a target is for one case")
        written[symbol] = _value(value)
    if known is None:
        return Case(operator, tuple(written.items()), dtype)
    try:
        return known.case(written, dtype)
    except BadCase as exc:
        raise BadWords(f"{exc}; axes of {operator}: {known.axis_names}") from exc


def unit(operator: str, text: str) -> Unit:
    """`us/call`, or the operator's own; BadWords. Of a user's own operator only its host knows what
    that is called, so it is `us/unit` there."""
    plain = text.strip().replace("µ", "u").replace("μ", "u")
    known = registry.known(operator)
    own = known.unit.replace("µ", "u") if known else "us/unit"
    if plain == "us/call":
        return Unit(whole_call=True)
    if plain == own:
        return Unit(whole_call=False)
    also = f" or {own} (that of the operator)" if own != "us" else " or us (the same here)"
    raise BadWords(f"expected us/call (all of a call){also}, got {text[:_SHOWN]!r}")


def _value(text: str) -> Value:
    if text in _SWITCH:
        return _SWITCH[text]
    if not _SIZE.fullmatch(text):
        if ".." in text:
            raise BadWords(f"a target is for one case, got the range {text[:_SHOWN]!r}")
        return text
    if int(text) > _MOST_SIZE:
        raise BadWords(f"{text} is too large; at most {_MOST_SIZE}")
    return int(text)
