"""What the stage ceilings needs."""

from __future__ import annotations

from remote_payload.contract.request import Request
from remote_payload.contract.words import Stage
from remote_payload.stages.declaration import Declaration, require_above_zero


def _sense(request: Request) -> None:
    require_above_zero(request, "ceilings", "budget_s", "gemm_size", "cutlass_limit_s")


DECLARED = Declaration(Stage.CEILINGS, cases=False, sense=_sense)
