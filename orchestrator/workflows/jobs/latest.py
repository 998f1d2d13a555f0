"""Which run `latest` is for a verb that reads runs, and whether it is home; offline."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from orchestrator.errors import RunError
from orchestrator.store.runs.naming import is_turn, latest, too_few
from orchestrator.store.runs.run_store import RunStore
from orchestrator.values.command import typed
from orchestrator.values.run import Run
from remote_payload.contract.words import Stage


@dataclass(frozen=True)
class Kind:
    """The runs that a verb can use. what: they are, in words; fits: by the stages asked for."""

    what: str
    fits: Callable[[tuple[Stage, ...]], bool]


# A build alone is what `deploy` makes, and its report would say nothing that deploy did not.
TO_REPORT = Kind("has something to report", lambda stages: set(stages) != {Stage.BUILD})
WAS_TO_TIME = Kind("was to time something", lambda stages: Stage.BENCH in stages)


def resolve(runs: RunStore, reference: str, kind: Kind) -> Path:
    """As RunStore.resolve, but `latest` is the latest run of this kind, `latest~1` the one of them
    before it, and a git revision the one of them made there; with a verb it is of that verb,
    whatever its kind.

    A run that cannot be read is not passed over: which it was, nobody knows.
    """

    def usable(folder: Path) -> bool:
        stages = _stages(runs, folder)
        return stages is None or kind.fits(stages)

    wanted = latest(reference)
    if wanted is None or wanted.verb:
        return runs.resolve(reference, usable)
    newest, found = runs.resolve(f"{replace(wanted, back=0)}"), 0  # the error where there is none
    for mark in reversed(runs.meanings().known):
        folder = runs.folder(mark.folder)
        if is_turn(mark.folder):
            continue
        is_there = wanted.host in ("", mark.host) or not mark.host
        if is_there and usable(folder):
            if found == wanted.back:
                return folder
            found += 1
    on = f" on {wanted.host}" if wanted.host else ""
    if found:
        raise too_few(wanted, found, str(runs.root), f"{on}, counting what {kind.what}")
    raise RunError(
        f"no run under {runs.root}{on} {kind.what}; the latest is {newest.name}",
        hint="Make one: orchestrator profile",
    )


def require_home(run: Run) -> None:
    """RunError for a run that, as far as is known here, still goes on."""
    if run.result is None and run.end is None:
        raise RunError(
            f"run {run.card.run_id} is not home: it goes on at {run.card.host}, or has ended "
            "there unseen",
            hint=f"Follow it and bring it home: {typed('orchestrator', 'attach', run.name)}",
        )


def _stages(runs: RunStore, folder: Path) -> tuple[Stage, ...] | None:
    """What the run was asked for; None where nobody can tell."""
    try:
        return runs.request(folder).stages
    except RunError:
        pass
    try:
        result = runs.load(folder).result
    except RunError:
        return None
    return result.request.stages if result else None
