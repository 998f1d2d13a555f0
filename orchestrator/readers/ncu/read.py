"""One entrance for every file Nsight Compute leaves behind."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from orchestrator.errors import UsageError
from orchestrator.here import regular_file
from orchestrator.readers.ncu import details_page, details_text, file_kind, raw_page, report_file
from orchestrator.readers.ncu.capture import Captures, Form, KernelCapture
from orchestrator.readers.ncu.number import unknown_units
from orchestrator.readers.ncu.outcome import Cause, Outcome, classify
from orchestrator.readers.ncu.text_table import CUT_HINT, Table, decode, tables
from orchestrator.readers.ncu.version import find_version
from orchestrator.values.progress import Progress, Silence

_WANTED = "Name a .ncu-rep, or what ncu printed."
_NAMED_OF_A_FOLDER = 3
_MOST_BYTES = 2 << 30  # reading takes several times as much memory
_SMALL_BYTES = 1_000_000  # read before anyone could look at the progress


@dataclass(frozen=True)
class Source:
    """A file that was read. digest: sha256 of its bytes."""

    name: str
    size_bytes: int
    digest: str
    captures: Captures


def read_file(path: Path, progress: Progress | None = None) -> Source:
    """Read a .ncu-rep, or what ncu printed as CSV or as text, program output and all.

    Raises UsageError: not readable, no kernel in it (with what the file is, or what ncu said
    instead), cut off, or numbers that cannot be read without guessing.
    """
    if path.is_dir():
        raise UsageError(f"{path}: this is a folder", hint=_in_folder(path))
    try:
        data = regular_file.read_named(path, _MOST_BYTES)
    except OSError as exc:
        raise UsageError(f"{path}: {exc.strerror}", hint=_WANTED) from exc
    if not data:
        raise UsageError(
            f"{path}: the file is empty (0 bytes)", hint="ncu wrote nothing: profile again."
        )
    if progress is None or len(data) < _SMALL_BYTES:
        progress = Silence()
    progress.say(f"reading {path.name}: {len(data) / 1e6:.1f} MB")
    try:
        held = _read(path, data, progress)
    except UsageError as exc:
        raise UsageError(f"{path}: {exc.message}", hint=exc.hint) from exc
    return Source(path.name, len(data), sha256(data).hexdigest(), held)


def _read(path: Path, data: bytes, progress: Progress) -> Captures:
    kind = file_kind.of_bytes(path.name, data)
    if path.suffix.startswith(report_file.SUFFIX) or (report_file.is_report(data) and not kind):
        return report_file.read(path, data, progress)
    if kind:
        raise UsageError(f"this is {kind.words}: no kernel of ncu's in it", hint=kind.advice)
    return read_text(decode(data), path.name, progress)


def read_text(text: str, name: str = "", progress: Progress | None = None) -> Captures:
    """The captures in what ncu and the program printed; name: of the file, if it had one.

    UsageError as for `read_file`.
    """
    progress = progress or Silence()
    in_csv, in_text = tables(text, progress), details_text.tables(text)
    parts = [(_form(one, is_csv=True), _captures(one, progress)) for one in in_csv]
    parts += [(_form(one, is_csv=False), details_page.captures(one, progress)) for one in in_text]
    kernels = tuple(kernel for _, part in parts for kernel in part)
    outcome = classify(None, text, "", kernels)
    if not kernels:
        raise _nothing(text, name, outcome, in_csv)
    doubts = [doubt for table in (*in_csv, *in_text) for doubt in table.doubts]
    if in_text and file_kind.is_document(name):
        doubts.append("Quoted in a document: somebody may have shortened what ncu printed")
    doubts += [found for _, part in parts if (found := details_page.looks_cut(part))]
    doubts += [f"ncu said: {line}" for line in outcome.lines if "=ERROR=" in line]
    if outcome.cause is Cause.NO_VALUES:
        doubts.append(f"{outcome.launches} of {len(kernels)} launches have a counter with a number")
    # On a raw page the units are those of the columns: one launch has them all.
    units = unknown_units(one for form, p in parts for one in (p[:1] if form is Form.RAW else p))
    doubts += [f"unit {unit!r} is not known here; kept as it is" for unit in units]
    forms = tuple(dict.fromkeys(form for form, _ in parts))
    return Captures(kernels, forms, find_version(text), tuple(dict.fromkeys(doubts)))


def _nothing(text: str, name: str, outcome: Outcome, found: Sequence[Table]) -> UsageError:
    """Why there is no kernel: what ncu says, or where it says nothing, what the file is."""
    if outcome.cause is Cause.NO_ROWS and found:
        return UsageError(
            "no kernel of ncu's in this file: the header of its table is there, and no launch "
            "below it. The file is cut off, or ncu was ended before it printed one",
            hint=CUT_HINT,
        )
    is_ncus = outcome.cause is not Cause.NO_ROWS or outcome.lines or "==PROF== " in text
    if not is_ncus or file_kind.is_document(name):
        kind = file_kind.of_text(name, text)
        return UsageError(f"this is {kind.words}: no kernel of ncu's in it", hint=kind.advice)
    said = list(dict.fromkeys(outcome.lines))
    if outcome.cause is Cause.APPLICATION_FAILED and outcome.crash:
        said.append(f"the program: {outcome.crash}")
    words = f"; it said: {' / '.join(said)[:600]}" if said else ""
    hint = outcome.advice
    if outcome.cause is Cause.WRITTEN_ELSEWHERE:
        hint += f" It lies in {outcome.report}"
    return UsageError(f"no kernel of ncu's in this file ({outcome.cause.value}){words}", hint=hint)


def _in_folder(path: Path) -> str:
    inside = sorted(one.name for one in path.glob(f"*{report_file.SUFFIX}*"))
    if not inside:
        return _WANTED
    more = f" (of {len(inside)})" if len(inside) > _NAMED_OF_A_FOLDER else ""
    return f"Name a file in it: {', '.join(inside[:_NAMED_OF_A_FOLDER])}{more}"


def _captures(table: Table, progress: Progress) -> tuple[KernelCapture, ...]:
    read = raw_page.captures if table.is_raw else details_page.captures
    return read(table, progress)


def _form(table: Table, is_csv: bool) -> Form:
    if table.is_raw:
        return Form.RAW
    if "Metric Value" in table.header:
        return Form.DETAILS if is_csv else Form.TEXT
    return Form.SUMMARY if is_csv else Form.TEXT_SUMMARY
