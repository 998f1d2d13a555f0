"""What one turn came to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

from orchestrator.report.comparing.builds import BuildChange
from orchestrator.workflows.watch.judged import Row


class Word(str, Enum):
    """Of a turn. RIGHT: all that is watched passed its checks on every case and was timed as far as
    could be, with what could not as its troubles; WRONG: its outputs are; BROKEN: it does not
    compile, load or run; GONE: a file is not there, or what is asked for cannot be planned; FAILED:
    nobody's kernel is to blame, or not all was done."""

    RIGHT = "right"
    WRONG = "wrong"
    BROKEN = "broken"
    GONE = "gone"
    FAILED = "failed"


@dataclass(frozen=True)
class Trouble:
    """Why something is not RIGHT. place: path:line:column in the user's own tree, "" where nobody
    told; case: its label, "" for all of them."""

    provider: str
    reason: str
    place: str = ""
    case: str = ""


@dataclass(frozen=True)
class Outcome:
    """number: of the turn, from 1. state: label of what was raced, "" where nothing was. last,
    best: labels of the states that it was raced against. turns: in how many the starts of its rows
    were taken. run: under which it is kept. changes: what the compiler says else than of the last
    state. seconds: what the time went into, the whole turn as "turn"."""

    number: int
    word: Word
    state: str = ""
    last: str = ""
    best: str = ""
    rows: tuple[Row, ...] = ()
    turns: int = 1
    troubles: tuple[Trouble, ...] = ()
    changes: tuple[BuildChange, ...] = ()
    run: str = ""
    seconds: Mapping[str, float] = field(default_factory=dict)
