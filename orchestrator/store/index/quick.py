"""What a run came to as its card says it, where everything beside it is as it came home.

Most runs are told this way, without their result being read: only its digest is. Whatever is not
exactly as we write it is left to `slow`.
"""

from __future__ import annotations

import hashlib
import json
import os
import stat
from contextlib import suppress
from dataclasses import dataclass, fields
from functools import lru_cache
from operator import itemgetter
from pathlib import Path
from typing import Any

from orchestrator.here import regular_file
from orchestrator.store.index.looking import BESIDE
from orchestrator.store.runs.marks import MOST_BYTES
from orchestrator.store.runs.naming import CARD, is_id
from orchestrator.values.kept.summary import Row, Summary
from remote_payload.contract.layout import END, REQUEST, RESULT

ROW_FIELDS = tuple(one.name for one in fields(Row))
_NUMBER, _MAYBE = (float, int), (float, int, type(None))
_KINDS: dict[str, tuple[type, ...]] = {
    "str": (str,),
    "int": (int,),
    "bool": (bool,),
    "float": _NUMBER,
    "float | None": _MAYBE,
}
_ROW_KINDS = tuple(_KINDS[str(one.type)] for one in fields(Row))
# No figure of ours is less than nothing, or that large; others are looked at as those of a result.
_MOST = 1 << 53
_VALUES = itemgetter(*ROW_FIELDS)
_FIGURES = itemgetter(
    *(at for at, kinds in enumerate(_ROW_KINDS) if float in kinds or int in kinds)
)
_WORDS = tuple(one.name for one in fields(Summary) if one.name != "rows")
_CARD_WORDS = (
    "run_id", "verb", "host", "workspace", "snapshot", "reproduce", "created_at",
    "orchestrator_version",
)  # fmt: skip
# Of values.run.RunCard, which would load all that results are made of.
CARD_KEYS = {
    *_CARD_WORDS, "after", "after_at", "after_number", "owner", "files", "revisions", "operator",
    "cases", "tags", "note", "summary",
}  # fmt: skip
_RESULTS = 256 << 20  # as a result that is read at all


@dataclass(frozen=True)
class Known:
    """What a run came to. status: also "pending", "changed" or "damaged"; reason, changed: in
    words. rows: each the values of a Row in the order of ROW_FIELDS. is_whole: nothing more will be
    known when the run is looked at again."""

    status: str
    reason: str = ""
    changed: str = ""
    verdict: str = ""
    machine: str = ""
    gpu: str = ""
    rows: tuple[tuple[Any, ...], ...] = ()
    is_whole: bool = True


def card(folder: Path) -> dict[str, Any]:
    """The card as plain values; {} for what is none."""
    with suppress(OSError, ValueError, RecursionError):
        path = folder / CARD
        if path.is_file() and path.stat().st_size <= MOST_BYTES:
            read = json.loads(path.read_bytes(), parse_constant=_refuse)
            return read if isinstance(read, dict) else {}
    return {}


def _refuse(name: str) -> None:
    raise ValueError(name)


def known(folder: Path, said: dict[str, Any]) -> Known | None:
    """said: the card. None where it says nothing, or not of these very files."""
    summary = said.get("summary")
    if not isinstance(summary, dict) or not is_card(said):
        return None
    words = [summary.get(name) for name in _WORDS]
    rows = summary.get("rows")
    if not all(isinstance(one, str) for one in words) or not isinstance(rows, list):
        return None
    told: dict[str, Any] = dict(zip(_WORDS, words, strict=True))
    if not _is_of_these_files(folder, said.get("files"), told.pop("result_sha256")):
        return None
    values = tuple(map(_row, rows))
    if not all(values):
        return None
    return Known(rows=values, **told)


def is_card(said: dict[str, Any]) -> bool:
    """Whether it has the form of one, as far as a list tells of it; else reading it says what is
    wrong."""
    words = all(isinstance(said.get(name), str) for name in _CARD_WORDS)
    lists = (said.get(name, []) for name in ("cases", "tags"))
    texts = all(isinstance(one, list) and all(isinstance(t, str) for t in one) for one in lists)
    return words and texts and said.keys() <= CARD_KEYS and is_id(said["run_id"])


def _row(said: Any) -> tuple[Any, ...]:
    """() for what is no row of ours."""
    if not isinstance(said, dict) or len(said) != len(ROW_FIELDS):
        return ()
    try:
        values: tuple[Any, ...] = _VALUES(said)
    except KeyError:
        return ()
    if not _are_allowed(tuple(map(type, values))):
        return ()
    return values if all(one is None or 0 <= one <= _MOST for one in _FIGURES(values)) else ()


@lru_cache(maxsize=256)
def _are_allowed(kinds: tuple[type, ...]) -> bool:
    return all(kind in allowed for kind, allowed in zip(kinds, _ROW_KINDS, strict=True))


def _is_of_these_files(folder: Path, files: Any, result_sha256: str) -> bool:
    """Whether the card binds what lies beside it, and its summary is of that result."""
    if not isinstance(files, list):
        return False
    bound = {one.get("path"): one for one in files if isinstance(one, dict)}
    if END not in bound or REQUEST not in bound:
        return False
    digest = bound[RESULT].get("sha256") if RESULT in bound else ""
    if digest != result_sha256:
        return False
    return all(_is_bound(f"{folder}/{name}", bound.get(name)) for name in BESIDE)


def _is_bound(path: str, said: dict[str, Any] | None) -> bool:
    """Whether a file is what the card says of it; one that it does not speak of is not there."""
    try:
        there = os.lstat(path)
    except FileNotFoundError:
        return said is None
    except OSError:
        return False
    if said is None or not stat.S_ISREG(there.st_mode) or there.st_size > _RESULTS:
        return False
    if there.st_size != said.get("size_bytes"):
        return False
    try:
        return hashlib.sha256(regular_file.read_bytes(path)).hexdigest() == said.get("sha256")
    except OSError:
        return False
