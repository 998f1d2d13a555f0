"""A run that a verb names: kept here, or at a host that is named."""

from __future__ import annotations

from pathlib import Path

from orchestrator.cli.session import Session
from orchestrator.errors import RunUnknown


def kept(session: Session, run: str, host: str | None, verb: str) -> Path | None:
    """The folder of a run; None where it is not kept here, and its host is named."""
    from orchestrator.store.runs.naming import latest

    try:
        return session.runs.named(run)
    except RunUnknown as exc:
        if latest(run):  # that of a host may be anybody's
            raise
        if host is None:
            hint = f"Its host may keep it: orchestrator {verb} {run} --host NAME"
            raise RunUnknown(exc.message, hint=hint) from exc
        return None
