"""Which proofs ran into their limit."""

from __future__ import annotations

from typing import Sequence

from remote_payload.contract.result import Result
from remote_payload.stages.cuts import late


def struck(result: Result) -> Sequence[str]:
    """Those that were stopped."""
    return [record.name for record in result.proofs if late(record.status)]
