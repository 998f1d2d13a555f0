"""Documents of schema 1 as those of schema 2: shapes of attention become cases of an operator.

What the payload told of nobody then, as there was but one operator, is filled in by the
operator's own half that both programs have, so that an old run renders as it always did.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from remote_payload.contract import codec
from remote_payload.contract.case import Case
from remote_payload.contract.codec import CodecError
from remote_payload.contract.facts import Gate, Tolerance
from remote_payload.operators import registry

Document = dict[str, Any]

# The fields of a shape and the axes that they became.
_SIZES = {"batch": "B", "heads": "H", "seq": "S", "dim": "D"}
_MASK = "causal"
_RENAMED = {"shape": "case", "shapes": "cases", "cpu_shapes": "cpu_cases"}
# The plan of a check had the one tolerance there was.
_RTOL, _ATOL = 1e-3, 2e-3


def request(document: Document) -> Document:
    """A request of schema 1. CodecError names the key of a shape that is none."""
    upgraded = _renamed(document, "")
    check = upgraded.get("check")
    if isinstance(check, dict):
        upgraded["check"] = {k: v for k, v in check.items() if k not in ("rtol", "atol")}
    return {**upgraded, "operator": registry.DEFAULT, "schema": 2}


def result(document: Document) -> Document:
    """A result of schema 1."""
    asked = document.get("request")
    upgraded = _renamed(document, "")
    if isinstance(asked, dict):
        upgraded["request"] = request(asked)
    operator = registry.find(registry.DEFAULT)
    cases = dict.fromkeys(codec.decode(Case, case) for case in _cases(upgraded))
    allowed = _tolerance(asked)
    facts = [replace(operator.facts_of(case), tolerance=allowed) for case in cases]
    upgraded["operator"] = codec.encode(operator.facts)
    return {**upgraded, "cases": codec.encode(facts), "schema": 2}


def _tolerance(asked: Any) -> Tolerance:
    check = asked.get("check") if isinstance(asked, dict) else None
    plan = check if isinstance(check, dict) else {}
    rtol, atol = plan.get("rtol", _RTOL), plan.get("atol", _ATOL)
    for key, value in (("rtol", rtol), ("atol", atol)):
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise CodecError(f"request.check.{key}", f"expected a number, got {value!r}")
    return Tolerance((Gate(float(rtol), float(atol)),))


def _renamed(value: Any, key: str) -> Any:
    """The same with every shape a case, wherever it stands."""
    if isinstance(value, list):
        return [_renamed(item, f"{key}[{number}]") for number, item in enumerate(value)]
    if not isinstance(value, dict):
        return value
    found: Document = {}
    for name, inner in value.items():
        where = f"{key}.{name}" if key else name
        if name == "shape":
            found["case"] = _case(inner, where)
        elif name in _RENAMED and isinstance(inner, list):
            found[_RENAMED[name]] = [
                _case(one, f"{where}[{number}]") for number, one in enumerate(inner)
            ]
        else:
            found[str(_RENAMED.get(name, name))] = _renamed(inner, where)
    return found


def _case(shape: Any, key: str) -> Document:
    if not isinstance(shape, dict):
        raise CodecError(key, f"expected an object, got {type(shape).__name__}")
    known = (*_SIZES, "dtype", _MASK)
    for name in shape:
        if name not in known:
            raise CodecError(f"{key}.{name}", f"unknown key; known: {', '.join(sorted(known))}")
    for name in (*_SIZES, "dtype"):
        if name not in shape:
            raise CodecError(f"{key}.{name}", "missing")
    for name in _SIZES:
        if isinstance(shape[name], bool) or not isinstance(shape[name], int):
            raise CodecError(f"{key}.{name}", f"expected int, got {type(shape[name]).__name__}")
        if shape[name] < 1:
            raise CodecError(f"{key}.{name}", f"{shape[name]}, expected at least 1")
    masked = shape.get(_MASK, False)
    if not isinstance(masked, bool):
        raise CodecError(f"{key}.{_MASK}", f"expected bool, got {type(masked).__name__}")
    axes = [[symbol, shape[name]] for name, symbol in _SIZES.items()]
    axes += [[_MASK, True]] if masked else []
    return {"operator": registry.DEFAULT, "axes": axes, "dtype": shape["dtype"]}


def _cases(value: Any) -> Iterator[Document]:
    """Every case in an upgraded document."""
    if isinstance(value, list):
        for item in value:
            yield from _cases(item)
    elif isinstance(value, dict):
        if set(value) == {"operator", "axes", "dtype"}:
            yield value
        else:
            for item in value.values():
                yield from _cases(item)
