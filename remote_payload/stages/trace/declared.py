"""What the stage trace needs."""

from __future__ import annotations

from remote_payload.contract.words import Stage
from remote_payload.stages.declaration import Declaration

DECLARED = Declaration(Stage.TRACE)
