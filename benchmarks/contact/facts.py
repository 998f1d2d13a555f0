"""What a contact notes of the machine, and what of its reports is worth the end of a log."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

LIMIT_S = 20.0
_QUESTIONS = (
    ("nvidia-smi",),
    ("nvidia-smi", "-q"),
    ("nvcc", "--version"),
    ("ncu", "--version"),
    ("compute-sanitizer", "--version"),
    ("uname", "-srvm"),
    ("lscpu",),
    ("free", "-m"),
    (sys.executable, "-VV"),
    (sys.executable, "-m", "pip", "list", "--disable-pip-version-check"),
)
# Names of one card, which say nothing about its kind.
_OF_THIS_CARD = re.compile(r"uuid|guid|serial|bus.?id|host id|board id|chassis", re.IGNORECASE)
_DIGEST, _DIGITS = re.compile(r"\b[0-9a-f]{64}\b"), 12
_WORTH = ("Correctness", "Times", "Every timing", "Proofs")
_BEGINS = re.compile(r"(?:## |<details><summary>)(.*)")


def facts() -> Iterator[str]:
    """Versions, clocks and limits as the machine's own tools print them, one after the other."""
    yield from map(_answer, _QUESTIONS)


def _answer(question: tuple[str, ...]) -> str:
    head = f"$ {' '.join(question)}"
    try:
        done = subprocess.run(
            question,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            timeout=LIMIT_S,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as exc:
        return f"{head}\n{exc}\n\n"
    kept = [line for line in done.stdout.splitlines() if not _OF_THIS_CARD.search(line)]
    return "\n".join((head, *kept, "", ""))


def tables(report: Path) -> Iterator[str]:
    """The first page of a report, and its sections on checks, times and proofs."""
    try:
        lines = report.read_text("utf-8").splitlines()
    except OSError:
        return
    worth = True
    for line in lines:
        if found := _BEGINS.match(line):
            worth = found[1].startswith(_WORTH)
        if worth:
            yield _DIGEST.sub(lambda digest: digest[0][:_DIGITS], line)
