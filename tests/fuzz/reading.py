"""One trial: a damaged file in its run's folder, and every command that reads it.

What may come of it: an answer, or a refusal with a reason. What may not: exit 5, an exception that
escapes, more than LIMIT_S, a second run that is gone from the list, and a figure that is none.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import re
import shutil
import signal
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from types import FrameType
from typing import Any

from orchestrator.cli.app import run
from orchestrator.errors import ExitCode
from orchestrator.report.exporting.names import Format
from orchestrator.store.runs.run_store import LOG, RESULT
from tests.fuzz.mutations import Damaged, damage
from tests.fuzz.seeds import HONEST, beside_an_honest_one, write_seeds

LIMIT_S = 2.0
# A figure that is none, in a cell of its own or before a unit; "nan in v: 3 elements" is words.
# An output of 32 bits, and with it an error, reaches 6.8e38.
_NO_FIGURE = re.compile(
    r"(?<![\w.])[-+]?(?:nan|inf)(?= ?(?:%|×|[µumn]?s\b|T?FLOPS|[GT]B|MHz|W\b|°C|\$|\())|"
    r"\| *[-+]?(?:nan|inf)(?= *\|)|[0-9.]+e\+(?:39|[4-9]\d|\d{3})",
    re.IGNORECASE,
)
_SHARE = re.compile(r"([0-9.e+]+) % \((?:tensor|HBM|exp|L2)\)")
_RAW = ("samples_us", "host_us")
_OBJECTED = re.compile("measurement error|doubt", re.IGNORECASE)
_ARTIFACTS = "artifacts"
_FORMS = ((), *(("--format", form.value) for form in Format))
_HEADING = "| NaN / inf |"


class TooLong(BaseException):
    """No `except Exception` of ours may swallow it."""


@dataclass
class Tally:
    """Of many trials. answered, refused: commands that ended with 0, or with another exit code.

    kinds: how many trials there were of each kind of file, an artifact's being its suffix.
    """

    trials: int = 0
    kinds: Counter[str] = field(default_factory=Counter)
    answered: int = 0
    refused: int = 0
    slowest_s: float = 0.0
    slowest: str = ""
    fallen: list[str] = field(default_factory=list)


class Fuzzer:
    """Seeds in `place`, which is its own; trial n of a seed number is always the same."""

    def __init__(self, place: Path, seed: int, more: tuple[Path, ...] = ()) -> None:
        """more: folders of real runs to damage as well; they are copied."""
        self.seed, self.out = seed, place / "out"
        self.out.mkdir(parents=True, exist_ok=True)
        self.runs = list(write_seeds(place / "stores"))
        for number, folder in enumerate(more):
            self.runs.append(place / "stores" / f"real-{number}" / folder.name)
            shutil.copytree(folder, self.runs[-1], symlinks=True)
            beside_an_honest_one(self.runs[-1].parent)
        self.kinds: dict[str, list[tuple[Path, Path]]] = {}
        for run_folder in self.runs:
            for path in sorted(run_folder.rglob("*")):
                if path.is_file() and path.suffix not in (".svg", ".md"):
                    self.kinds.setdefault(_kind(path), []).append((run_folder, path))
        self.tally = Tally()

    def warm_up(self) -> None:
        """What is imported and looked for once is no part of a trial's time."""
        words = ["--runs", str(self.runs[0].parent), "report", HONEST]
        _seen([*words, "-o", str(self.out / "report.md")], limit_s=60)

    def trial(self, number: int) -> None:
        """Damage one file, read it every way, put it back; what fell is in the tally."""
        draw, folder, path, whole, changed = self._drawn(number)
        path.write_bytes(changed.data)
        try:
            self.read(number, folder, path, changed.how, draw)
        finally:
            path.write_bytes(whole)

    def preview(self, number: int) -> tuple[str, bytes]:
        """Name and bytes of the file that a trial would damage, as it would."""
        _, _, path, _, changed = self._drawn(number)
        return path.name, changed.data

    def _drawn(self, number: int) -> tuple[Random, Path, Path, bytes, Damaged]:
        draw = Random(f"{self.seed}/{number}")
        # The result holds nearly all; the others take turns.
        kind = RESULT if draw.random() < 0.5 else draw.choice(sorted(self.kinds))
        folder, path = draw.choice(self.kinds[kind])
        whole = path.read_bytes()
        return draw, folder, path, whole, damage(whole, draw)

    def read(self, number: int, folder: Path, path: Path, how: str, draw: Random) -> None:
        """Every command that reads the file at `path`, of the run in `folder`."""
        self.tally.trials += 1
        self.tally.kinds[_kind(path)] += 1
        for words in self._commands(folder, path, draw):
            command = ["--runs", str(folder.parent), *words]
            self._one(f"#{number} {path.relative_to(folder.parent.parent)} [{how}]", command)

    def _commands(self, folder: Path, path: Path, draw: Random) -> Iterator[tuple[str, ...]]:
        name = folder.name
        as_json = draw.choice(((), ("--json",)))
        report = ("report", draw.choice((name, "latest")), "-o", str(self.out / "report.md"))
        if path.name == LOG:
            yield "logs", name
        elif path.suffix in (".csv", ".txt"):
            yield "import-ncu", str(path), *as_json
            yield *report, *as_json
        elif path.suffix != ".json":
            yield *report, *as_json
        else:
            yield "runs", *as_json
            yield "runs", "show", draw.choice((name, "latest")), *as_json
            yield *report, *draw.choice(_FORMS)
            yield "logs", name
            pair = (name, HONEST) if draw.random() < 0.5 else (HONEST, name)
            yield (
                "compare",
                *pair,
                *draw.choice(_FORMS),
                *draw.choice(((), ("--fail-on-regression",))),
            )

    def _one(self, trial: str, words: list[str]) -> None:
        report = self.out / "report.md"
        report.unlink(missing_ok=True)
        started = time.monotonic()
        seen = _seen(words)
        took_s = time.monotonic() - started
        told = f"{trial} → {' '.join(words[2:])}"
        self.tally.answered += seen.code == ExitCode.OK
        self.tally.refused += seen.code not in (ExitCode.OK, ExitCode.BUG)
        if took_s > self.tally.slowest_s:
            self.tally.slowest_s, self.tally.slowest = took_s, told
        text = seen.out + (report.read_text("utf-8") if report.is_file() else "")
        if what := seen.what or _hidden(words[2:], text) or nonsense(trial, text):
            self.tally.fallen.append(f"{told}: {what}")


def _kind(path: Path) -> str:
    return path.suffix if _ARTIFACTS in path.parts else path.name


@dataclass(frozen=True)
class Seen:
    """What a command left. what: a crash, in words; code: None for one that is no exit code."""

    code: int | None
    out: str
    what: str = ""


def _seen(words: list[str], limit_s: float = LIMIT_S) -> Seen:
    out, err = io.StringIO(), io.StringIO()
    try:
        with (
            within(limit_s),
            contextlib.redirect_stdout(out),
            contextlib.redirect_stderr(err),
        ):
            code = run(words)
    except TooLong:
        return Seen(None, "", f"no end within {limit_s:g} s")
    except BaseException as error:
        return Seen(None, "", f"{type(error).__name__} escaped: {error}"[:300])
    if code == ExitCode.BUG:
        return Seen(code, "", err.getvalue())
    if code != ExitCode.OK and not err.getvalue().strip():
        return Seen(code, "", "refused without a word")
    return Seen(code, out.getvalue())


def _hidden(words: list[str], text: str) -> str:
    lists = words[0] == "runs" and "show" not in words
    return "one damaged run hid another" if lists and HONEST not in text else ""


def _without_samples(text: str) -> str:
    """JSON passes raw samples on as they stand, the odd ones too; all else states a figure."""
    try:
        return json.dumps(json.loads(text, object_hook=_no_samples), indent=1)
    except (ValueError, RecursionError):
        return text


def _no_samples(row: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in row.items() if key not in _RAW}


def nonsense(trial: str, text: str) -> str:
    """What a document that was answered must never state as a figure."""
    if "text]" in trial or "bytes]" in trial or "= '" in trial:
        return ""  # words that the damage itself brought
    text = _without_samples(text)
    # What is refused is quoted, and told from what was expected.
    text = "\n".join(line for line in text.split("\n") if "expected" not in line)
    if found := _NO_FIGURE.search(text.replace(_HEADING, "")):
        return f"no figure: …{text[max(0, found.start() - 80) : found.end() + 20]!r}"
    shares = [float(share) for share in _SHARE.findall(text)]
    if max(shares, default=0) > 100 and not _OBJECTED.search(text):
        return f"{max(shares)} % of a roof, and no objection"
    return ""


@contextlib.contextmanager
def within(limit_s: float) -> Iterator[None]:
    """limit_s of this process's own time, ten times that by the clock: others may keep it busy."""

    def ring(number: int, frame: FrameType | None) -> None:
        raise TooLong

    clocks = ((signal.SIGPROF, signal.ITIMER_PROF, 1), (signal.SIGALRM, signal.ITIMER_REAL, 10))
    with contextlib.ExitStack() as stack:
        for number, clock, times in clocks:
            stack.callback(signal.signal, number, signal.signal(number, ring))
            stack.callback(signal.setitimer, clock, 0)
            signal.setitimer(clock, times * limit_s)
        yield


@contextlib.contextmanager
def quick_disk() -> Iterator[None]:
    """Thousands of reports that nobody keeps need not reach a disk."""
    real = os.fsync
    vars(os)["fsync"] = lambda handle: None
    try:
        yield
    finally:
        vars(os)["fsync"] = real
