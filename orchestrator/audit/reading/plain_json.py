"""JSON as people write it: numbers keep their digits, NaN is read to be objected to, and what is
no JSON is told by line."""

from __future__ import annotations

import json
import math
from typing import Any

from orchestrator.audit.recognising.cells import Number, number
from orchestrator.errors import UsageError

_LONGEST_NUMBER = 60


class _Bad(ValueError):
    """What is no value anybody wrote; the text says why."""


def parse(name: str, text: str, line: int = 1) -> Any:
    """A document whose numbers are `Number`s. UsageError names file, line and what is wrong.

    line: of the file in which the text begins.
    """
    try:
        return json.loads(
            text,
            parse_float=_number,
            parse_int=_number,
            parse_constant=_not_finite,
            object_pairs_hook=_each_once,
        )
    except json.JSONDecodeError as exc:
        where = f"{name}: line {line + exc.lineno - 1}, column {exc.colno}"
        raise UsageError(f"{where}: no valid JSON: {exc.msg}", hint=_HINT) from None
    except RecursionError:
        raise UsageError(f"{name}: line {line}: nested too deeply", hint=_HINT) from None
    except _Bad as exc:
        raise UsageError(f"{name}: line {line}: {exc}", hint=_HINT) from None


_HINT = "Name a file of results: CSV, JSON, JSON lines, or the folder of a run."


def _number(digits: str) -> Number:
    found = number(digits) if len(digits) <= _LONGEST_NUMBER else None
    if found is None:
        raise _Bad(f"a number of {len(digits)} characters, expected at most {_LONGEST_NUMBER}")
    return found


def _not_finite(name: str) -> Number:
    return Number(math.nan if name == "NaN" else math.inf if name[0] != "-" else -math.inf)


def _each_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise _Bad(f"the key {twice[:60]!r} is given twice, and nobody knows which holds")
    return found
