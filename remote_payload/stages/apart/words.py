"""What is asked of a provider's process and of the judge's, and what they answer; free of torch for
the parent, which passes on what it cannot look into.

Neither process knows the other. What goes in and what comes out are files of the run's own folder;
whoever calls a provider never learns what is expected.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Optional, Tuple

from remote_payload.contract.case import Case
from remote_payload.contract.records import ErrorMeasure, Ruling
from remote_payload.contract.words import Fault, Status


@dataclass(frozen=True)
class Stored:
    """A tensor in a file. stride: in elements, as it lies in memory; dtype: torch's own name."""

    path: str
    size: Tuple[int, ...]
    stride: Tuple[int, ...]
    dtype: str


Piece = Any  # a Stored; where judge and judged are one process, the tensor itself


@dataclass(frozen=True)
class Given:
    """What goes into a call: tensors, and the scalars that are not the case's alone.

    scalars: pickled, or where all is one process a dict. seed: who could not read them makes them
    anew, by it; None where that is not needed.
    """

    tensors: Tuple[Piece, ...]
    scalars: Any
    seed: Optional[int] = None


@dataclass(frozen=True)
class Load:
    """To a provider: be ready to be called."""


@dataclass(frozen=True)
class Ready:
    """It is."""


@dataclass(frozen=True)
class Call:
    """To a provider: call it on this."""

    case: Case
    given: Given


@dataclass(frozen=True)
class OneMore:
    """To a provider: call it on what lies there, up to `calls` times, and not for long."""

    calls: int


@dataclass(frozen=True)
class Called:
    """What a call gave. touched: which inputs it changed, in words. implementation, emulated,
    library_digest: of the provider, as in a CheckRecord."""

    outputs: Tuple[Piece, ...]
    touched: str = ""
    implementation: str = ""
    emulated: bool = False
    library_digest: Optional[str] = None


@dataclass(frozen=True)
class CalledAgain:
    """The outputs of several calls."""

    outputs: Tuple[Tuple[Piece, ...], ...]


@dataclass(frozen=True)
class NotCalled:
    """A provider gave nothing, or the judge could not judge; how: in words. compiled: as in a
    CheckRecord."""

    status: Status
    how: str
    fault: Optional[Fault] = None
    compiled: bool = False


@dataclass(frozen=True)
class Begin:
    """To the judge: a provider is checked on this case from the start."""

    case: Case


@dataclass(frozen=True)
class Asked:
    """One call that a check makes. words: what comes before whatever goes wrong in it; given: None
    where what went into the first goes in again."""

    words: str
    given: Given


@dataclass(frozen=True)
class Begun:
    """The calls of a check, in their order."""

    calls: Tuple[Asked, ...]


@dataclass(frozen=True)
class Judge:
    """To the judge: the outputs of the call of that number."""

    number: int
    outputs: Tuple[Piece, ...]


@dataclass(frozen=True)
class More:
    """From the judge, in between: it needs that many calls more of the same."""

    calls: int


@dataclass(frozen=True)
class Judged:
    """What the judge found. wrong: in words, empty if nothing is. looked: whether error and ruling
    were made for these outputs; they are not where those are equal to ones that were judged.

    digest: of the first call's outputs; same: whether those of the last are that to the last bit.
    """

    wrong: str
    looked: bool
    error: Optional[ErrorMeasure] = None
    ruling: Optional[Ruling] = None
    digest: Optional[str] = None
    same: Optional[bool] = None
