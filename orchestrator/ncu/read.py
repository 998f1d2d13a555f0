"""One entrance for every file Nsight Compute leaves behind."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from orchestrator.errors import UsageError
from orchestrator.ncu import details_page, raw_page, report_file
from orchestrator.ncu.capture import Captures, Form, KernelCapture
from orchestrator.ncu.number import unknown_units
from orchestrator.ncu.outcome import Cause, classify
from orchestrator.ncu.text_table import Table, decode, tables
from orchestrator.ncu.version import find_version


@dataclass(frozen=True)
class Source:
    """A file that was read. digest: sha256 of its bytes."""

    name: str
    size_bytes: int
    digest: str
    captures: Captures


def read_file(path: Path) -> Source:
    """Read a .ncu-rep, or what `ncu --csv` printed, program output and all.

    Raises UsageError: not readable, no kernel in it (with what ncu said instead), cut off, or
    numbers that cannot be read without guessing.
    """
    try:
        data = path.read_bytes()
    except OSError as exc:
        raise UsageError(f"{path}: {exc.strerror}", hint="Name a .ncu-rep or a CSV file.") from exc
    if not data:
        raise UsageError(
            f"{path}: the file is empty (0 bytes)", hint="ncu wrote nothing: profile again."
        )
    try:
        is_report = report_file.is_report(data) or path.suffix.startswith(report_file.SUFFIX)
        held = report_file.read(path, data) if is_report else read_text(decode(data))
    except UsageError as exc:
        raise UsageError(f"{path}: {exc.message}", hint=exc.hint) from exc
    return Source(path.name, len(data), sha256(data).hexdigest(), held)


def read_text(text: str) -> Captures:
    """The captures in what ncu and the program printed. UsageError as for `read_file`."""
    found = tables(text)
    kernels = tuple(capture for table in found for capture in _captures(table))
    outcome = classify(None, text, "", kernels)
    if not kernels:
        raise UsageError(_nothing(outcome.cause, outcome.lines), hint=outcome.advice)
    doubts = [f"ncu said: {line}" for line in dict.fromkeys(outcome.lines) if "=ERROR=" in line]
    if outcome.cause is Cause.NO_VALUES:
        doubts.append(f"{outcome.launches} of {len(kernels)} launches have a counter with a number")
    doubts += [f"unit {unit!r} is not known here; kept as it is" for unit in unknown_units(kernels)]
    return Captures(
        kernels, tuple(dict.fromkeys(map(_form, found))), find_version(text), tuple(doubts)
    )


def _nothing(cause: Cause, lines: tuple[str, ...]) -> str:
    said = f"; it said: {' / '.join(dict.fromkeys(lines))[:600]}" if lines else ""
    return f"no kernel of ncu's in this file ({cause.value}){said}"


def _captures(table: Table) -> tuple[KernelCapture, ...]:
    return raw_page.captures(table) if table.is_raw else details_page.captures(table)


def _form(table: Table) -> Form:
    if table.is_raw:
        return Form.RAW
    return Form.DETAILS if "Metric Value" in table.header else Form.SUMMARY
