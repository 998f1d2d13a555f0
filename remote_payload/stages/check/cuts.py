"""Who ran into the limit of a check."""

from __future__ import annotations

from typing import Sequence

from remote_payload.contract.result import Result
from remote_payload.stages.cuts import late


def struck(result: Result) -> Sequence[str]:
    """Who ran into the limit."""
    return [record.provider for record in result.checks if late(record.status)]
