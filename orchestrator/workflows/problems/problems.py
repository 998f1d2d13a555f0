"""One problem of whichever format, made ready to travel."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from orchestrator.errors import UsageError
from orchestrator.workflows.own import Beside, Own
from orchestrator.workflows.problems import flashinfer, gpumode, kernelbench
from remote_payload.operators.adapted.formats import TITLES
from remote_payload.operators.user.stated import BadOperator

# What reads each format, and the options that it knows.
_READERS: dict[str, tuple[Callable[[Path, Beside], Own], tuple[str, ...]]] = {
    flashinfer.FORMAT: (flashinfer.own, flashinfer.OPTIONS),
    gpumode.FORMAT: (gpumode.own, gpumode.OPTIONS),
    kernelbench.FORMAT: (kernelbench.own, kernelbench.OPTIONS),
}


def own(format: str, path: Path, beside: Beside) -> Own:
    """The operator of a problem; UsageError: what is wrong with its description."""
    read, options = _READERS[format]
    if unread := beside.unread(options):
        raise UsageError(
            f"{unread} does not go with {path.name}, which is a {TITLES[format]} problem",
            hint=f"{TITLES[format]} takes {', '.join(options)}.",
        )
    try:
        return read(path, beside)
    except BadOperator as exc:
        raise UsageError(
            str(exc), hint=f"It was read as {TITLES[format]}; docs/problem-formats.md has the form."
        ) from exc
