"""Names of runs: how they are made, and which run of a folder of runs a person means by one."""

from __future__ import annotations

import os
import re
from datetime import datetime
from pathlib import Path

from orchestrator.errors import RunError, RunUnknown

LATEST = "latest"
# Also what a host is believed: an id becomes the name of a folder here.
RUN_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,120}")
_UNSAFE = re.compile(r"[^a-z0-9]+")
_HOST_LENGTH = 64


def new_run_id(now: datetime, host: str, verb: str) -> str:
    """Sorts by time and can be read aloud: 20261122-101530-h100-bench."""
    name = _UNSAFE.sub("-", host.lower())[:_HOST_LENGTH].strip("-") or "host"
    return f"{now:%Y%m%d-%H%M%S}-{name}-{verb}"


def is_path(reference: str) -> bool:
    """Whether a person means a folder, not a run of the store: only what holds a slash."""
    return os.sep in reference


def is_id(name: str) -> bool:
    """Whether a run can be called so; `latest` is what every run is called once."""
    return name != LATEST and RUN_ID.fullmatch(name) is not None


def reads_as_a_run(name: str) -> bool:
    """Whether a command takes the name of a folder for that run, not for an option or another."""
    return name != LATEST and not name.startswith("-")


def require_id(reference: str) -> None:
    """RunError for what can be no id of a run, nor the beginning of one."""
    if not RUN_ID.fullmatch(reference):
        raise RunError(
            f"{reference!r} is no run: expected a run's id, a part that it begins with, or latest",
            hint="List them: orchestrator runs",
        )


def named(root: Path, known: list[str], reference: str) -> str:
    """The known run, of all of them oldest first, that an id, a unique prefix or `latest` means.

    `latest` is the run made last, also where the folder of another is called so. RunError:
    the reference is no id, or fits several; RunUnknown: it fits none.
    """
    if reference in known and reference != LATEST:
        return reference
    require_id(reference)
    if (root / reference).is_symlink():
        raise RunError(
            f"{reference} under {root} is a link; a run is a folder of its own",
            hint="Move the folder here that it leads to; nothing was touched.",
        )
    if not known:
        raise RunUnknown(f"no runs under {root}", hint="Make one: orchestrator profile")
    if reference == LATEST:
        return known[-1]
    matches = [name for name in known if name.startswith(reference)]
    if len(matches) == 1:
        return matches[0]
    if matches:
        raise RunError(
            f"{reference!r} fits {len(matches)} runs: {', '.join(matches[:5])}",
            hint="Give more of the run id.",
        )
    raise RunUnknown(f"no run {reference!r} under {root}", hint="List them: orchestrator runs")
