"""Whether a result is the answer to what its run asked."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from orchestrator.errors import RunError
from orchestrator.store.runs.naming import CARD
from orchestrator.values.claim import difference
from orchestrator.values.command import typed
from orchestrator.values.run import UNKNOWN, RunCard
from remote_payload.contract.layout import REQUEST, RESULT
from remote_payload.contract.request import Request
from remote_payload.contract.result import Result


def require_answer(folder: Path, card: RunCard, asked: Request | None, result: Result) -> None:
    """RunError for another run's. A result says what it answers; what was asked here is kept beside
    it. Where that is not to be read, the result has at least to name the run, and its sources."""
    told = result.request
    _require_one_snapshot(folder, card, asked)
    snapshot = told.snapshot if card.snapshot == UNKNOWN else card.snapshot
    why = difference(asked or replace(told, run_id=card.run_id, snapshot=snapshot), told)
    if why:
        again = "Its host may have the right one"
        if asked:
            again = f"What was asked for stands in {REQUEST}; if that is right, fetch it again"
        raise RunError(
            f"{folder / RESULT}: request: {why}: this is the result of another run",
            hint=f"It was left as it is. {again}: orchestrator attach {typed(folder.name)}",
        )


def _require_one_snapshot(folder: Path, card: RunCard, asked: Request | None) -> None:
    """What was asked names the sources as the card does, or it was asked for another run."""
    if asked and asked.snapshot != card.snapshot != UNKNOWN:
        fetch = typed("orchestrator", "runs", "fetch", card.run_id, "--host", card.host)
        raise RunError(
            f"{folder / REQUEST}: snapshot is {asked.snapshot!r}, and {CARD} says "
            f"{card.snapshot!r}: the two are of different runs",
            hint=f"Both were left as they are. Its host may have its own: {fetch}",
        )
