"""What the stage check needs."""

from __future__ import annotations

from remote_payload.contract.request import Request
from remote_payload.contract.words import Stage
from remote_payload.stages.declaration import Declaration, Limit, require_above_zero


def _sense(request: Request) -> None:
    require_above_zero(request, "check", "case_limit_s", "compile_limit_s")


LIMIT = Limit("check", "case_limit_s", "--case-limit")
DECLARED = Declaration(Stage.CHECK, expected=True, sense=_sense, limit=LIMIT)
