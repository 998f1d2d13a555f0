"""Which kind of file a path is, and what it holds."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from orchestrator.audit.reading import (
    benchmarks,
    document,
    flashinfer,
    nvbench,
    own,
    plain_json,
    table,
)
from orchestrator.audit.reading.table import MOST_ROWS
from orchestrator.audit.recognising import digits
from orchestrator.audit.recognising.repeats import gathered
from orchestrator.audit.recognising.rows import Entry, recognise
from orchestrator.audit.values import Finding, Row, Sheet
from orchestrator.errors import UsageError
from orchestrator.here import regular_file
from orchestrator.here.local_fault import told
from orchestrator.store.runs.run_store import CARD

MOST_BYTES = 64 << 20
_HINT = "Name a file of results: CSV, JSON, JSON lines, or the folder of a run."
TABLE = "a table"
_OURS = {"request", "schema", "bench", "checks"}


def read(path: Path) -> Sheet:
    """Read a file of results. UsageError: it cannot be read, or is none; RunError, LocalFault."""
    if path.is_dir():
        if (path / CARD).exists():
            return own.folder(path)
        raise UsageError(f"{path}: a folder, and not of a run: it has no {CARD}", hint=_HINT)
    text = _text(path)
    head = text.lstrip()[:1]
    if head not in ("{", "["):
        found = table.parse(path.name, text)
        return _sheet(path.name, TABLE, found.entries, found.skipped)
    return _json(path, text)


def _text(path: Path) -> str:
    try:
        data = regular_file.read_named(path, MOST_BYTES)
    except OSError as exc:
        raise told(exc, hint=_HINT) from exc
    for mark, encoding in ((b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16")):
        if data.startswith(mark):
            return _decoded(path, data, encoding)
    if b"\0" in data:
        raise UsageError(f"{path}: no text: byte {data.index(0)} is a NUL", hint=_HINT)
    text = _decoded(path, data, "utf-8-sig")
    if not text.strip():
        raise UsageError(f"{path}: it is empty", hint=_HINT)
    return text


def _decoded(path: Path, data: bytes, encoding: str) -> str:
    try:
        return data.decode(encoding).replace("\r\n", "\n").replace("\r", "\n")
    except UnicodeDecodeError as exc:
        line = data[: exc.start].count(b"\n") + 1
        raise UsageError(
            f"{path}: line {line}: no {encoding[:6].rstrip('-')} text from byte {exc.start} on",
            hint=_HINT,
        ) from None


def _json(path: Path, text: str) -> Sheet:
    lines = [(at, line) for at, line in enumerate(text.split("\n"), 1) if line.strip()]
    if len(lines) > 1 and _are_documents([line for _, line in lines[:2]]):
        return _json_lines(path.name, lines)
    found = plain_json.parse(path.name, text)
    if isinstance(found, dict) and set(found) >= _OURS:
        return own.result_file(path, path.name)
    if nvbench.is_one(found):
        return _sheet(path.name, nvbench.FORM, nvbench.entries(found))
    if benchmarks.is_pytest(found):
        return _sheet(path.name, benchmarks.PYTEST, benchmarks.of_pytest(found))
    if benchmarks.is_google(found):
        return _sheet(path.name, benchmarks.GOOGLE, benchmarks.of_google(found))
    several = found if isinstance(found, list) else [found]
    if several and all(map(flashinfer.is_one, several)):
        return _traces(path.name, [(f"[{at}]", one) for at, one in enumerate(several)])
    return _sheet(path.name, "JSON", document.entries(path.name, found))


def _are_documents(lines: list[str]) -> bool:
    """Whether each line is an object by itself: then the file is one of JSON lines."""
    return all(line.strip()[0] == "{" and line.strip()[-1] == "}" for line in lines)


def _json_lines(name: str, lines: list[tuple[int, str]]) -> Sheet:
    if len(lines) > MOST_ROWS:
        raise UsageError(f"{name}: {len(lines)} lines; at most {MOST_ROWS} are read", hint=_HINT)
    found = [(f"line {at}", plain_json.parse(name, line, at)) for at, line in lines]
    if all(flashinfer.is_one(one) for _, one in found):
        return _traces(name, found)
    entries: list[Entry] = []
    for place, one in found:
        for entry in document.entries(name, one):
            below = "" if entry.place == "the whole" else f", {entry.place}"
            entries.append(Entry(f"{place}{below}", entry.cells, entry.lists, entry.label))
    return _sheet(name, "JSON lines", entries)


def _traces(name: str, found: list[tuple[str, Any]]) -> Sheet:
    given = [one for place, trace in found for one in flashinfer.findings(trace, place)]
    entries = [flashinfer.entry(trace, place) for place, trace in found]
    return _sheet(name, flashinfer.FORM, entries, given=given)


def _sheet(
    name: str,
    form: str,
    entries: Iterable[Entry],
    skipped: Iterable[str] = (),
    given: Iterable[Finding] = (),
) -> Sheet:
    """Recognise each entry; keys that mean nothing anywhere are told as not recognised."""
    rows: list[Row] = []
    meanings: dict[str, str] = {}
    empty = 0
    for entry in entries:
        found = recognise(entry, name)
        _add(meanings, found.meanings)
        if found.row.figures or found.row.series or found.row.boasts:
            rows.append(found.row)
        else:
            empty += 1
    if empty:
        skipped = (*skipped, f"{empty} row{'' if empty == 1 else 's'} without a known figure")
    unknown = [key for key, meaning in meanings.items() if not meaning]
    known = tuple((key, meaning) for key, meaning in meanings.items() if meaning)
    written = rows if form == TABLE else digits.judged(rows)
    return Sheet(name, form, gathered(written), known, (*skipped, *unknown), tuple(given))


def _add(meanings: dict[str, str], more: Mapping[str, str]) -> None:
    for key, meaning in more.items():
        if meaning or key not in meanings:
            meanings[key] = meaning
