"""From files of results to what is wrong with them; offline."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from orchestrator.audit import page
from orchestrator.audit.audit import Audit, Verdict, audit
from orchestrator.audit.reading.read import read
from orchestrator.audit.together import together
from orchestrator.errors import UsageError
from orchestrator.values.command import typed
from remote_payload.contract.case import Case
from remote_payload.operators import registry


@dataclass(frozen=True)
class Audited:
    """text, document: the report, for people and for programs. contradicting, open_files: names of
    files that contradict, and of those of which nothing could be judged. apart: files that were
    given together and have no case in common. again: the command that measures one of the cases
    anew, "" for none that is known here."""

    text: str
    document: Mapping[str, object]
    contradicting: tuple[str, ...]
    open_files: tuple[str, ...]
    apart: tuple[str, ...]
    again: str


def audited(paths: Sequence[Path]) -> Audited:
    """Read and judge each file, and each two. UsageError: one of them cannot be read."""
    places = [path.resolve() for path in paths]
    for at, path in enumerate(paths):
        if places[at] in places[:at]:
            raise UsageError(f"{path} is given twice", hint="Name each file once.")
    audits = [audit(read(path)) for path in paths]
    pairs = together(audits)
    return Audited(
        page.text(audits, pairs),
        page.document(audits, pairs),
        _names(audits, Verdict.CONTRADICTS),
        _names(audits, Verdict.NOT_JUDGED),
        tuple(f"{one.first} and {one.second}" for one in pairs if not one.comparable),
        _again(audits),
    )


def _names(audits: Sequence[Audit], verdict: Verdict) -> tuple[str, ...]:
    return tuple(one.sheet.name for one in audits if one.verdict is verdict)


def _again(audits: Sequence[Audit]) -> str:
    """The case with most work, as this program would time it, samples and all."""
    known = [row.known for one in audits for row in one.sheet.rows if row.known.has_dtype]
    cases = [one.case for one in sorted(known, key=lambda one: -(one.flop or 0)) if one.case]
    return next((_bench(case) for case in cases if _can_run(case)), "")


def _can_run(case: Case) -> bool:
    operator = registry.known(case.operator)
    return operator is not None and case.dtype in operator.dtypes


def _bench(case: Case) -> str:
    words = ["orchestrator", "bench", "--operator", case.operator]
    axes = [f"{name}={str(value).lower()}" for name, value in case.axes]
    return typed(*words, "--case", ",".join(axes), "--dtype", case.dtype.value)
