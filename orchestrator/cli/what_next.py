"""The step that makes sense after a run, as it stands: read, look into, follow or mend."""

from __future__ import annotations

from pathlib import PurePath
from typing import TYPE_CHECKING

from orchestrator.values.command import about, typed
from remote_payload.contract.words import Stage, Status

if TYPE_CHECKING:
    from orchestrator.values.run import Run


def after(run: Run, host: str | None = None) -> str:
    """The command that comes next.

    attach while it may go on, doctor where the host lacked something, the log of what failed; and
    where all went well the report, or after a build alone the first measurement. host: where it
    was found, if that is not where its card says.
    """
    name, result, host = run.name, run.result, host or run.card.host
    if run.altered:
        return attach(run)
    if result is None:
        return command("logs", name) if run.end else attach(run)
    if result.unfit:
        return command("doctor", host)
    if result.status is not Status.OK:
        return command("logs", name)
    if set(result.request.stages) == {Stage.BUILD}:
        return command("profile", "--host", host)
    return command("report", name)


def attach(run: Run) -> str:
    """What brings it home; this takes no paths, so not the one that other commands take."""
    folder = PurePath(run.name).name
    return about("attach", folder if folder.startswith("-") else run.name)


def command(*words: str) -> str:
    """One of ours for a shell: a run's folder may come from anywhere, and with it the names."""
    return typed("orchestrator", *words)
