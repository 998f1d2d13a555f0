"""Files of schema 1, made from those of today: a case of attention was a shape then."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from orchestrator.store.runs.run_store import REQUEST, RESULT

_NAMES = {"case": "shape", "cases": "shapes", "cpu_cases": "cpu_shapes"}
_AXES = {"B": "batch", "H": "heads", "S": "seq", "D": "dim", "causal": "causal"}
_NEW = ("operator", "operator_target", "sweep", "dtypes")


def as_written_then(folder: Path) -> None:
    """Put the request and the result of a run of attention back to schema 1."""
    for name in (REQUEST, RESULT):
        if (folder / name).is_file():
            text = (folder / name).read_text("utf-8")
            old = json.dumps(older(json.loads(text)), indent=1, sort_keys=True)
            (folder / name).write_text(old + "\n", "utf-8")


def older(document: dict[str, Any]) -> dict[str, Any]:
    """A request or a result as schema 1 had it. Sizes of k and v of their own were not there."""
    if "request" in document:
        asked = older(document["request"])
        document = {key: value for key, value in document.items() if key != "cases"}
        return {**_older(document), "request": asked, "schema": 1}
    check = {"rtol": 1e-3, "atol": 2e-3, **document["check"]}
    return {**_older(document), "check": check, "schema": 1}


def _older(value: Any) -> Any:
    if isinstance(value, list):
        return [_older(item) for item in value]
    if not isinstance(value, dict):
        return value
    if set(value) == {"operator", "axes", "dtype"}:
        axes = {_AXES[symbol]: size for symbol, size in value["axes"]}
        return {"causal": False, **axes, "dtype": value["dtype"]}
    # A ceiling said nothing of a case.
    kept = ((k, v) for k, v in value.items() if k not in _NEW and (k, v) != ("case", None))
    return {
        # A proof's case is a word, now as then.
        key if isinstance(inner, str) else _NAMES.get(key, key): _older(inner)
        for key, inner in kept
    }


def on_few_lines(text: str) -> str:
    """The same JSON, so that what belongs together stands together; other text as it is."""
    try:
        return json.dumps(json.loads(text))
    except ValueError:
        return text
