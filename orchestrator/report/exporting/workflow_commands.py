"""Lines that GitHub Actions makes annotations of (docs.github.com, "Workflow commands").

Of each kind GitHub shows ten for a step, so what says most comes first: the verdict, then the rows,
the worst first. A line is one command, whatever text it holds: that passed the gate, which leaves
no line ends; `%` and the rest are escaped as documented; and `##[`, the sign of an older form of
commands that counts anywhere in a line, is taken apart.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum

from orchestrator.report.wording.plain import words

# GitHub cuts longer titles.
_MOST_TITLE = 255


class Level(str, Enum):
    """How GitHub marks an annotation, the gravest first."""

    ERROR = "error"
    WARNING = "warning"
    NOTICE = "notice"


@dataclass(frozen=True)
class Annotation:
    """title: what is so of what; text: the rest of it."""

    level: Level
    title: str
    text: str

    @property
    def line(self) -> str:
        title = _escaped(_told(self.title)[:_MOST_TITLE]).replace(":", "%3A").replace(",", "%2C")
        return f"::{self.level.value} title={title}::{_escaped(_told(self.text))}"


def printed(summary: str, told: Iterable[Annotation], least: Level = Level.NOTICE) -> str:
    """A line for each, under one that sums up and is as grave as the gravest, `least` at least."""
    order = list(Level)
    found = sorted(told, key=lambda one: order.index(one.level))
    gravest = min((one.level for one in (*found, Annotation(least, "", ""))), key=order.index)
    first = Annotation(gravest, "orchestrator", summary)
    return "\n".join(one.line for one in (first, *found))


def _told(text: str) -> str:
    return words(text).replace("##[", "## [")


def _escaped(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
