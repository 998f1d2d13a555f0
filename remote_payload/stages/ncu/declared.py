"""What the stage ncu needs."""

from __future__ import annotations

from remote_payload.contract.request import Request
from remote_payload.contract.words import Stage
from remote_payload.stages.declaration import Declaration, Limit, require_above_zero

NEEDS_GPU = "hardware counters need a CUDA GPU; this run is on the CPU"


def _insists(request: Request) -> str:
    insists = request.ncu.required and not request.ncu.any_device
    return NEEDS_GPU if insists else ""


def _sense(request: Request) -> None:
    require_above_zero(request, "ncu", "case_limit_s")


DECLARED = Declaration(
    Stage.NCU,
    lends=True,
    expected=True,
    insists=_insists,
    sense=_sense,
    limit=Limit("ncu", "case_limit_s", "--ncu-limit"),
)
