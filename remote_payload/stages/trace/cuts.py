"""Where trace looked at less than was timed."""

from __future__ import annotations

from pathlib import Path
from typing import Iterator

from remote_payload.contract.records import Cut
from remote_payload.contract.request import Request
from remote_payload.contract.result import Result
from remote_payload.contract.words import Stage
from remote_payload.stages.cuts import fewer


def after(request: Request, result: Result, folder: Path) -> Iterator[Cut]:
    """The cuts that can be seen once it has run."""
    if result.traces:
        why = "one is enough beside proofs"
        yield from fewer(Stage.TRACE, request.trace.cases, request.cases, why)
