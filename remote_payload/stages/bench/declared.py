"""What the stage bench needs."""

from __future__ import annotations

from remote_payload.contract.codec import CodecError
from remote_payload.contract.request import Request
from remote_payload.contract.words import Stage
from remote_payload.stages.check.declared import LIMIT
from remote_payload.stages.declaration import Declaration


def _sense(request: Request) -> None:
    if not request.bench.methods:
        raise CodecError("bench.methods", "expected at least one method")
    starts = request.bench.starts
    if not starts or starts[0] < 1 or list(starts) != sorted(set(starts)):
        raise CodecError("bench.starts", "expected one number or more, each larger than the last")


DECLARED = Declaration(Stage.BENCH, expected=True, sense=_sense, limit=LIMIT)
