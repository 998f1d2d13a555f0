"""What a site remembers of its pages, so that only what has changed is made anew."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from orchestrator.here import regular_file
from orchestrator.report.site import names
from remote_payload.contract import codec, writing

FILE = ".site.json"
_FORM = 1
_MOST_BYTES = 256 << 20


@dataclass(frozen=True)
class Noted:
    """One page. of: digest of all that it was made from, "" for one that has to be made anew.
    size_bytes: as it was written. series: whose past it tells, "" for none; past: digest of that
    past."""

    of: str
    size_bytes: int
    series: str = ""
    past: str = ""


@dataclass(frozen=True)
class Notes:
    """pages: by file. others: files of ours that go when nothing leads to them any more. program:
    digest of what makes pages."""

    program: str
    pages: dict[str, Noted]
    others: tuple[str, ...] = ()


NOTHING = Notes("", {})


def is_there(place: Path) -> bool:
    """Whether a folder is a site of ours."""
    return _document(place) is not None


def read(place: Path) -> Notes:
    """NOTHING for a note that cannot be read: then all is made anew."""
    said = _document(place) or {}
    with suppress(KeyError, TypeError, ValueError, AttributeError):
        pages = {
            str(file): Noted(str(of), int(size), str(series), str(past))
            for file, (of, size, series, past) in said["pages"].items()  # type: ignore[attr-defined]
            if names.is_ours(file)
        }
        others = tuple(str(one) for one in said["others"] if names.is_ours(str(one)))  # type: ignore[attr-defined]
        return Notes(str(said["program"]), pages, others)
    return NOTHING


def write(place: Path, notes: Notes) -> None:
    """OSError: it cannot be written."""
    pages = {
        file: [one.of, one.size_bytes, one.series, one.past]
        for file, one in sorted(notes.pages.items())
    }
    said = {
        "site": _FORM,
        "program": notes.program,
        "pages": pages,
        "others": sorted(notes.others),
    }
    text = json.dumps(said, separators=(",", ":"))
    writing.write_whole(regular_file.own(place / FILE), f"{text}\n".encode())


def _document(place: Path) -> dict[str, object] | None:
    with suppress(OSError, ValueError, codec.CodecError, RecursionError):
        path = place / FILE
        if not path.is_symlink() and path.is_file() and path.stat().st_size <= _MOST_BYTES:
            said = json.loads(path.read_bytes())
            if isinstance(said, dict) and said.get("site") == _FORM:
                return said
    return None
