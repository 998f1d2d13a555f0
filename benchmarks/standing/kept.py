"""What is kept of a report: one JSON object a line, so that a measurement can be stopped."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path

import click

BASE, COPY, SLOWER = "base", "copy", "slower"
NOT_JUDGED = "not judged"


@dataclass(frozen=True)
class Row:
    """One provider by one method against `base`. verdict: NOT_JUDGED where the report gives none.

    speedup, low, high: what the verdict rests on; None where there is none.
    """

    provider: str
    method: str
    verdict: str
    speedup: float | None = None
    low: float | None = None
    high: float | None = None

    def holds(self, truth: float) -> bool:
        """Whether its interval does."""
        return self.low is not None and self.high is not None and self.low <= truth <= self.high


@dataclass(frozen=True)
class Report:
    """One report. slowed: the slowed provider was in it. starts: of each provider's process, at
    most. errors: MEASUREMENT ERRORs. broke: why there is no report, else empty."""

    setting: str
    number: int
    slowed: bool
    seconds: float
    starts: int = 0
    threads: int | None = None
    rows: tuple[Row, ...] = ()
    errors: tuple[str, ...] = ()
    broke: str = ""

    @property
    def key(self) -> tuple[str, int, bool]:
        """By what a measurement that goes on knows that it has this one."""
        return self.setting, self.number, self.slowed

    @property
    def words(self) -> str:
        """It in a line for people."""
        told = [f"{row.provider} {row.method} {_judged(row)}" for row in self.rows]
        told += [f"MEASUREMENT ERROR: {error}" for error in self.errors]
        told += [f"BROKE: {self.broke}"] if self.broke else []
        ended = f"{self.starts} starts, {self.seconds:.0f} s"
        return f"{self.setting} {self.number}: {', '.join([*told, ended])}"


def read(file: Path) -> tuple[Report, ...]:
    """All reports of a file, the last of each key; none if there is no file."""
    try:
        lines = _whole(file.read_text("utf-8")).splitlines()
    except FileNotFoundError:
        return ()
    found = {}
    for number, line in enumerate(lines, 1):
        try:
            report = _report(line)
        except (ValueError, TypeError, KeyError) as exc:
            raise click.ClickException(
                f"{file}, line {number}: {exc}; expected a report as --keep writes it: "
                "remove the line, or name another file"
            ) from exc
        found[report.key] = report
    return tuple(found.values())


def append(file: Path, report: Report) -> None:
    """Add a report; what was half written when an earlier measurement was stopped goes."""
    if file.exists():
        os.truncate(file, len(_whole(file.read_text("utf-8")).encode()))
    with file.open("a", encoding="utf-8") as kept:
        kept.write(json.dumps(asdict(report)) + "\n")


def _whole(text: str) -> str:
    """Without a last line that does not end."""
    return text[: text.rfind("\n") + 1]


def _report(line: str) -> Report:
    one = json.loads(line)
    rows = tuple(Row(**row) for row in one["rows"])
    return Report(**{**one, "rows": rows, "errors": tuple(one["errors"])})


def _judged(row: Row) -> str:
    return row.verdict if row.speedup is None else f"{row.verdict} {row.speedup:.3f}"
