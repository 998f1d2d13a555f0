"""Documents of schema 1 as those of schema 2: shapes of attention become cases of an operator.

What the payload told of nobody then, as there was but one operator, is filled in by the
operator's own half that both programs have, so that an old run renders as it always did.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any, TypeVar

from orchestrator.store.runs import bounds
from remote_payload.contract import codec
from remote_payload.contract.case import Case
from remote_payload.contract.codec import CodecError
from remote_payload.contract.facts import Gate, Tolerance
from remote_payload.contract.request import Request
from remote_payload.contract.result import Result
from remote_payload.operators import registry
from remote_payload.operators.attention.schema_one import SIZES, Shape
from remote_payload.operators.attention.targets import ORIGINAL

T = TypeVar("T")
Document = dict[str, Any]

_RENAMED = {"shape": "case", "shapes": "cases", "cpu_shapes": "cpu_cases"}
# What a request or a result of then had not; the name of a proof was its case.
_UNKNOWN = ("axes", "cases", "cpu_cases", "dtypes", "operator", "operator_target", "sweep")
# The plan of a check had the one tolerance there was.
_RTOL, _ATOL = 1e-3, 2e-3
# Of a name from outside, in a message.
_SHOWN_CHARACTERS = 60


def request(document: Document) -> Request:
    """A request of schema 1. CodecError names the key, as that file calls it, of what is wrong."""
    return _read(Request, _request(document, ""))


def result(document: Document) -> Result:
    """A result of schema 1; CodecError as in `request`."""
    asked = document.get("request")
    upgraded = {**_renamed(document, ""), "schema": 2}
    plan: Any = {}
    if isinstance(asked, dict):
        upgraded["request"] = _request(asked, "request")
        plan = asked.get("check")
    read = _read(Result, upgraded)
    operator = registry.find(registry.DEFAULT)
    allowed = _tolerance(plan if isinstance(plan, dict) else {}, "request.check")
    facts = (replace(operator.facts_of(case), tolerance=allowed) for case in _cases(read))
    then = replace(operator.facts, targets=ORIGINAL)
    return replace(read, operator=then, cases=tuple(facts))


def _read(kind: type[T], upgraded: Document) -> T:
    try:
        return bounds.checked(codec.decode(kind, upgraded))
    except CodecError as exc:
        raise CodecError(_old_key(exc.key), exc.problem) from exc


def _old_key(key: str) -> str:
    if key.startswith("proofs"):  # they have a case of their own, then as now
        return key
    old = {new: name for name, new in _RENAMED.items()}
    return re.sub(r"\b(?:cpu_)?cases?\b", lambda found: old[found[0]], key)


def _request(document: Document, key: str) -> Document:
    inside = f"{key}." if key else ""
    schema = document.get("schema", 1)
    if isinstance(schema, bool) or schema != 1:
        raise CodecError(f"{inside}schema", f"{schema!r:.60}, expected 1")
    upgraded = _renamed(document, key)
    check = upgraded.get("check")
    if isinstance(check, dict):
        _tolerance(check, f"{inside}check")
        upgraded["check"] = {k: v for k, v in check.items() if k not in ("rtol", "atol")}
    return {**upgraded, "operator": registry.DEFAULT, "schema": 2}


def _tolerance(plan: Document, key: str) -> Tolerance:
    rtol, atol = plan.get("rtol", _RTOL), plan.get("atol", _ATOL)
    for name, value in (("rtol", rtol), ("atol", atol)):
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise CodecError(f"{key}.{name}", f"expected a number, got {type(value).__name__}")
        bounds.check_figure(value, f"{key}.{name}", 0, bounds.LARGEST)
    return Tolerance((Gate(float(rtol), float(atol)),))


def _renamed(value: Any, key: str) -> Any:
    """The same with every shape a case, wherever it stands."""
    if isinstance(value, list):
        if not any(isinstance(item, (dict, list)) for item in value):
            return value  # such as samples, which most of a result is
        return [_renamed(item, f"{key}[{number}]") for number, item in enumerate(value)]
    if not isinstance(value, dict):
        return value
    found: Document = {}
    for name, inner in value.items():
        called = name if len(name) <= _SHOWN_CHARACTERS else f"{name[:_SHOWN_CHARACTERS]}…"
        where = f"{key}.{called}" if key else called
        if name in _UNKNOWN or (name == "case" and isinstance(inner, dict)):
            raise CodecError(where, "unknown key in a file of schema 1")
        if name == "shape":
            found["case"] = _case(inner, where)
        elif name in _RENAMED and isinstance(inner, list):
            found[_RENAMED[name]] = [
                _case(one, f"{where}[{number}]") for number, one in enumerate(inner)
            ]
        else:
            found[str(_RENAMED.get(name, name))] = _renamed(inner, where)
    return found


def _case(value: Any, key: str) -> Document:
    shape = codec.decode(Shape, value, key)
    for name in SIZES:
        bounds.check_figure(getattr(shape, name), f"{key}.{name}", 1, bounds.DIMENSION[1])
    return shape.case


def _cases(result: Result) -> tuple[Case, ...]:
    """Every case that a result speaks of, each once."""
    asked = result.request
    found = [*asked.cases, *asked.cpu_cases, *asked.ncu.cases, *asked.trace.cases]
    found += [record.case for record in result.checks]
    found += [record.case for record in result.bench]
    found += [record.case for record in result.traces]
    found += [record.case for record in result.ncu.records] if result.ncu else []
    return tuple(dict.fromkeys(found))
