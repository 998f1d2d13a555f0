"""What a person writes for the values of an axis: lists, ranges, yes and no.

96            one value            512..32768x2    512, 1024, … 32768
8,16,32       some                 64..512+64      64, 128, … 512
yes, no, both for a switch         gelu,relu       words
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from orchestrator.cli.given.quantities import MOST, shortened
from remote_payload.contract.case import Value
from remote_payload.operators.base import Axis

# A sweep of more would take days, and nobody reads its report.
MOST_VALUES = 256
_RANGE = re.compile(r"(\d{1,10})\.\.(\d{1,10})([x+])(\d{1,10})", re.ASCII)
_NUMBER = re.compile(r"\d{1,20}", re.ASCII)
_SWITCH = {"yes": (True,), "no": (False,), "true": (True,), "false": (False,)}
_BOTH = "both"
FORMS = "expected a number, a list such as 8,16, or a range such as 512..4096x2 or 64..512+64"


class BadValues(ValueError):
    """What was written names no values; the text says what was expected."""


def values(text: str, axis: Axis | None) -> tuple[Value, ...]:
    """The values written for an axis, each once. axis: None where nobody here knows it.

    BadValues: a word where a number has to stand, a range without end.
    """
    found: list[Value] = []
    for part in (part.strip() for part in text.split(",")):
        found += _part(part, axis)
    if len(set(found)) != len(found):
        raise BadValues(f"{shortened(text)} names a value twice")
    if len(found) > MOST_VALUES:
        raise BadValues(f"{shortened(text)} is {len(found)} values; at most {MOST_VALUES} are run")
    return tuple(found)


def cases(texts: Sequence[str], axes: Sequence[Axis]) -> tuple[dict[str, tuple[Value, ...]], ...]:
    """Each `--case` as values by symbol: `M=4096,N=1024,2048,K=64..512x2`.

    What stands behind a comma and names no axis belongs to the list before it. axes: those of the
    operator; empty where only the host knows them. BadValues as in `values`.
    """
    return tuple(
        _case(text, {a.symbol: a for a in axes} | {a.name: a for a in axes}) for text in texts
    )


def _case(text: str, axes: Mapping[str, Axis]) -> dict[str, tuple[Value, ...]]:
    written: dict[str, list[str]] = {}
    symbol = ""
    for part in (part.strip() for part in text.split(",")):
        head, equals, value = part.partition("=")
        if equals and (name := head.strip()):
            if axes and name not in axes:
                known = ", ".join(dict.fromkeys(axis.symbol for axis in axes.values()))
                raise BadValues(f"{shortened(name)} is no axis; expected some of {known}")
            symbol = axes[name].symbol if name in axes else name
            if symbol in written:
                raise BadValues(f"{shortened(name)} is given twice")
            written[symbol] = [value]
        elif equals or not symbol:
            raise BadValues(f"{shortened(part)}: expected AXIS=VALUE, such as M=4096")
        else:
            written[symbol].append(part)
    return {name: values(",".join(parts), axes.get(name)) for name, parts in written.items()}


def _part(text: str, axis: Axis | None) -> Sequence[Value]:
    switch = axis is not None and isinstance(axis.otherwise, bool)
    if switch or (axis is None and text in (*_SWITCH, _BOTH)):
        if text == _BOTH:
            return (False, True)
        if text not in _SWITCH:
            raise BadValues(f"{shortened(text)}: expected yes, no or both")
        return _SWITCH[text]
    if match := _RANGE.fullmatch(text):
        return _range(*match.groups())
    if _NUMBER.fullmatch(text):
        return (_checked(int(text)),)
    words = (text,) if axis is None or axis.otherwise == "" else axis.choices
    if text and text in words:
        return (text,)
    if words and axis is not None:
        known = ", ".join(map(str, words))
        raise BadValues(f"{axis.name}: expected some of {known}, got {shortened(text)}")
    raise BadValues(f"{shortened(text)}: {FORMS}")


def _range(first: str, last: str, how: str, by: str) -> list[Value]:
    value, end, step = _checked(int(first)), _checked(int(last)), int(by)
    if step < (2 if how == "x" else 1) or (how == "x" and value < 1):
        raise BadValues(f"{first}..{last}{how}{by} never gets there")
    found: list[Value] = []
    while value <= end and len(found) <= MOST_VALUES:
        found.append(value)
        value = value * step if how == "x" else value + step
    if not found:
        raise BadValues(f"{first}..{last}{how}{by} is empty")
    return found


def _checked(number: int) -> int:
    if number > MOST:
        raise BadValues(f"{number} is too large; at most {MOST}")
    return number
