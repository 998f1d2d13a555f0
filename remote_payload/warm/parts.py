"""The parts of a snapshot that have to be the same for something to be known from a turn before."""

from __future__ import annotations

import hashlib
import json
from typing import Any, Dict, List, Sequence, Tuple

from remote_payload.processes.snapshot import Row

_CODE = "remote_payload/"
_PLAIN = ".py"  # an operator's own file; problems in others' formats name further ones


def of_code(rows: Sequence[Row]) -> str:
    """Our own code, which is loaded once; as a digest."""
    return _digest([row for row in rows if row[0].startswith(_CODE)])


def of_operator(rows: Sequence[Row], request: Dict[str, Any]) -> Tuple[str, Tuple[str, ...]]:
    """All that a user's own operator may be made of, as a digest, and the files that were left out
    of it: those that are named as providers. Whoever loads one of those all the same is not to be
    taken at that digest. request: as JSON."""
    own = _file_of(request.get("operator_target") or "")
    named = {_file_of(one.get("target") or "") for one in request.get("providers", ())}
    spared = named - {own, ""} if own.endswith(_PLAIN) else set()
    return _digest([row for row in rows if row[0] not in spared]), tuple(sorted(spared))


def _file_of(target: str) -> str:
    return target.partition(":")[0]


def _digest(rows: List[Row]) -> str:
    text = json.dumps([row[:4] for row in rows], separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()
