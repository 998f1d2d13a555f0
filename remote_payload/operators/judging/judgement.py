"""What is found of outputs, by our tolerance and by the judge that a problem may bring."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Optional

from remote_payload.contract.records import ErrorMeasure, Ruling


@dataclass(frozen=True)
class Judgement:
    """wrong: what is wrong, in words; empty if nothing is. error: by our tolerance, which decides
    where there is no ruling; None of samples, which are compared with nothing."""

    wrong: str
    error: Optional[ErrorMeasure]
    ruling: Optional[Ruling] = None
