"""What the profiled program has to know, free of torch so that the parent can write it."""

from __future__ import annotations

from dataclasses import dataclass

from remote_payload.contract.case import Case
from remote_payload.contract.request import Provider
from remote_payload.operators.setting import Setting


@dataclass(frozen=True)
class Call:
    """One call to make. nvtx_range: name of the push/pop range around it."""

    provider: Provider
    case: Case
    setting: Setting
    nvtx_range: str
