"""How long the stages of runs took: what whoever waits for the next run of the same is told by.

Of the same are runs by one verb on one host that asked for the same, whatever sources they had. The
newest ones are read, of which a few are enough; what cannot be read tells nothing.
"""

from __future__ import annotations

import json
import os
import re
import statistics
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from orchestrator.here import regular_file
from orchestrator.store.runs.run_store import REQUEST, RESULT, new_run_id
from orchestrator.values.progress import NOTHING_KNOWN, Expected
from remote_payload.contract import codec
from remote_payload.contract.request import Request
from remote_payload.contract.words import Stage, Status

# How many of the newest runs are looked at, and how many of the same are enough.
_LOOKED_AT, _ENOUGH = 8, 3
# Larger results are not read for this.
_MOST_BYTES = 8 << 20
_MOST_S = 1e7
# What may differ between runs of the same: whose it is, and of which sources.
_OWN = ("run_id", "snapshot", "verb", "targets", "schema")


@dataclass(frozen=True)
class Sort:
    """Runs that are made alike."""

    host: str
    verb: str
    request: Request


def expected(runs: Path, sort: Sort) -> Expected:
    """What the last runs of the same took, stage by stage: the middle of them.

    runs: the folder of all runs. Nothing where a stage that is asked for is not known.
    """
    took = list(_took(runs, sort))
    stages = [stage.value for stage in Stage if stage in sort.request.stages]
    parts = [(name, [one[name] for one in took if name in one]) for name in stages]
    if not all(seconds for _, seconds in parts):
        return NOTHING_KNOWN
    return Expected(tuple((name, statistics.median(seconds)) for name, seconds in parts))


def _took(runs: Path, sort: Sort) -> Iterator[Mapping[str, float]]:
    """Seconds by stage, of each of the last runs of the same that went well."""
    named, alike, found = _named(sort), _without_own(json.loads(codec.dumps(sort.request))), 0
    try:
        with os.scandir(runs) as entries:
            names = [entry.name for entry in entries if named.fullmatch(entry.name)]
    except OSError:
        return
    for name in sorted(names, reverse=True)[:_LOOKED_AT]:
        if _without_own(_document(runs / name / REQUEST)) != alike:
            continue
        if seconds := _of_stages(_document(runs / name / RESULT)):
            yield seconds
            found += 1
        if found == _ENOUGH:
            return


def _named(sort: Sort) -> re.Pattern[str]:
    """What such runs are called: all but when they were made, and which of that second."""
    some_day = datetime(2000, 1, 1, tzinfo=timezone.utc)
    ending = new_run_id(some_day, sort.host, sort.verb).removeprefix(f"{some_day:%Y%m%d-%H%M%S}")
    return re.compile(rf"\d{{8}}-\d{{6}}{re.escape(ending)}(?:-\d+)?")


def _without_own(document: Mapping[str, Any]) -> Mapping[str, Any]:
    return {key: value for key, value in document.items() if key not in _OWN}


def _document(path: Path) -> Mapping[str, Any]:
    """What a file of JSON holds; empty where it makes no sense."""
    try:
        with regular_file.opened(path) as file:
            found = json.loads(file.read(_MOST_BYTES))
    except (OSError, ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _of_stages(result: Mapping[str, Any]) -> Mapping[str, float]:
    """Seconds by stage; nothing where the run did not go well, as it may have been cut short."""
    stages = result.get("stages")
    if result.get("status") != Status.OK.value or not isinstance(stages, list):
        return {}
    rows = [one for one in stages if isinstance(one, dict) and _is_duration(one.get("seconds"))]
    return {str(one.get("stage")): float(one["seconds"]) for one in rows}


def _is_duration(one: Any) -> bool:
    is_number = isinstance(one, int | float) and not isinstance(one, bool)
    return is_number and 0 <= one <= _MOST_S
