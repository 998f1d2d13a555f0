"""What the profiled program has to know, free of torch so that the parent can write it."""

from __future__ import annotations

from dataclasses import dataclass

from remote_payload.contract.case import Shape
from remote_payload.contract.request import Provider
from remote_payload.operators.setting import Setting


@dataclass(frozen=True)
class Case:
    """One call to make. nvtx_range: name of the push/pop range around it."""

    provider: Provider
    shape: Shape
    setting: Setting
    nvtx_range: str
