"""What the profiled program has to know, free of torch so that the parent can write it."""

from __future__ import annotations

from dataclasses import dataclass

from remote_payload.contract import Provider, Shape
from remote_payload.setting import Setting


@dataclass(frozen=True)
class Case:
    """One call to make. nvtx_range: name of the push/pop range around it."""

    provider: Provider
    shape: Shape
    setting: Setting
    nvtx_range: str
