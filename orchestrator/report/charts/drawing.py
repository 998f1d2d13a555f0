"""What all charts share: who looks how, names from outside, and how one becomes SVG."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

from orchestrator.report.charts.canvas import Drawing
from orchestrator.report.charts.style import LOOKS, Look
from orchestrator.report.charts.words import label as label
from orchestrator.report.figures import Figure
from orchestrator.report.wording.plain import private
from remote_payload.contract.facts import OperatorFacts
from remote_payload.contract.words import Method

_RUN_ID = re.compile(r"[A-Za-z0-9][\w.-]*", re.ASCII)
_NAME_BYTES = 200  # of a file's 255
FEWEST_VALUES = 3  # of which a line tells more than a table
_IN_WORDS = {1: "one value", 2: "two values"}


class Subject(Protocol):
    """What a chart is of, as a value."""

    def drawing(self) -> Drawing: ...


@dataclass(frozen=True)
class Chart:
    """name: of its file. subject: None when reason, a clause, says why nothing is drawn.
    description: what one sees on it, in a sentence or two, with figures."""

    name: str
    title: str
    subject: Subject | None
    reason: str = ""
    description: str = ""

    @property
    def is_drawn(self) -> bool:
        return self.subject is not None

    @cached_property
    def svg(self) -> str:
        """Itself, laid out when it is asked for: a file of its own, or part of a page. Empty
        without a drawing."""
        return self.subject.drawing().svg(self.name.removesuffix(".svg")) if self.subject else ""


@dataclass(frozen=True)
class Point:
    """A median with the ends of its interval. at: its value on the axis, or its place."""

    at: int
    low: float
    middle: float
    high: float


def too_few(values: int, of: str) -> str:
    """Why no chart is drawn of so few values on an axis; empty if there are enough."""
    if values >= FEWEST_VALUES:
        return ""
    if not of:
        return "only one case was timed, which the table shows"
    was = "was" if values == 1 else "were"
    return f"only {_IN_WORDS.get(values, 'no value')} of {of} {was} timed, which the table shows"


def in_run(run_id: str, name: str) -> str:
    """The name of a chart's file with its run's, or with a digest where that names a machine; of
    one that is too long a digest alone."""
    whole = f"{run_id}-{name}"
    if not _RUN_ID.fullmatch(run_id) or private(whole) != whole:
        whole = f"{_digest(run_id)}-{name}"
    return whole if len(whole.encode()) <= _NAME_BYTES else f"{_digest(whole)}.svg"


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def file_word(method: Method) -> str:
    return method.value.replace("_", "-")


def series(rows: list[Figure], operator: OperatorFacts) -> Iterator[tuple[str, Look]]:
    """Provider and look; ours and the baseline always look the same."""
    providers = sorted({row.record.provider for row in rows})
    fixed = {operator.ours: LOOKS[0], operator.baseline: LOOKS[1]}
    others = [name for name in providers if name not in fixed]
    rest = LOOKS[2:]
    for provider in providers:
        yield provider, fixed.get(provider) or rest[others.index(provider) % len(rest)]
