"""Names of runs: how they are made, and which run of a folder of runs a person means by one."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from orchestrator.errors import RunError, RunUnknown
from remote_payload.contract.words import WATCH

# What makes a folder one of a run.
CARD = "run.json"
# Beside the runs: what is known of all of them, see `store/index`.
INDEX = ".index.sqlite"
LATEST = "latest"
# Also what a host is believed: an id becomes the name of a folder here.
RUN_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,120}")
# What a person may write behind `latest`; no id has such a character.
_LATEST = re.compile(
    rf"{LATEST}(?::([a-z][a-z-]{{0,30}}))?(?:@([A-Za-z0-9][\w.-]{{0,120}}))?(?:~(\d{{1,6}}))?"
)
_VERBS = "check|bench|profile|ncu|deploy|prove|ceilings|watch|bisect"
_WITH_VERB = re.compile(rf"\d{{8}}-\d{{6}}-.+?-({_VERBS})(?:-\d+)?(?:-[0-9a-f]{{4}})?")
_LIST = "List them: orchestrator runs"
_UNSAFE = re.compile(r"[^a-z0-9]+")
_HOST_LENGTH = 64


def new_run_id(now: datetime, host: str, verb: str) -> str:
    """Sorts by time and can be read aloud: 20261122-101530-h100-bench."""
    name = _UNSAFE.sub("-", host.lower())[:_HOST_LENGTH].strip("-") or "host"
    return f"{now:%Y%m%d-%H%M%S}-{name}-{verb}"


@dataclass(frozen=True)
class Latest:
    """`latest`, `latest~2`, `latest:profile`, `latest@h100`, `latest:profile@h100~2`: of the runs
    of a verb, or of all, and on a host, or on any, the last one, or the one so many before it."""

    verb: str = ""
    back: int = 0
    host: str = ""

    def __str__(self) -> str:
        verb, back = f":{self.verb}" if self.verb else "", f"~{self.back}" if self.back else ""
        return f"{LATEST}{verb}{f'@{self.host}' if self.host else ''}{back}"


def latest(reference: str) -> Latest | None:
    """What a reference that begins with `latest` asks for; None for one that is an id, or part of
    one. RunError: it begins so, and goes on otherwise."""
    if reference != LATEST and not reference.startswith(tuple(f"{LATEST}{c}" for c in "~:@")):
        return None
    if (found := _LATEST.fullmatch(reference)) is None:
        raise RunError(
            f"{reference!r} is no run: expected {LATEST}~N, {LATEST}:VERB or {LATEST}:VERB~N, with "
            "@HOST before ~N",
            hint=f"{LATEST}~1 is the run before the latest, {LATEST}:bench the latest bench, "
            f"{LATEST}:bench@h100~1 the one before the latest bench on h100.",
        )
    return Latest(found[1] or "", int(found[3] or 0), found[2] or "")


def verb_in(run_id: str) -> str:
    """The verb that a run's id ends with; "" where it does not say."""
    found = _WITH_VERB.fullmatch(run_id)
    return found[1] if found else ""


def picked(wanted: Latest, runs: Sequence[str], verb_of: Callable[[str], str], where: str) -> str:
    """The run that is wanted, of those of `where`, oldest first.

    One of which nobody can tell the verb counts for any: it is not passed over in silence.
    RunUnknown: there are not so many.
    """
    verbs = {run: verb_of(run) for run in runs} if wanted.verb else {}
    fits = [run for run in runs if _is_meant(wanted.verb, run, verbs)]
    if wanted.back < len(fits):
        return fits[-1 - wanted.back]
    of = f" of {wanted.verb}" if wanted.verb else ""
    of += f" on {wanted.host}" if wanted.host else ""
    if not fits:
        there = Counter(verbs.values() or map(verb_in, runs))
        counts = ", ".join(f"{number} of {verb}" for verb, number in there.items())
        only = f", only {counts}" if counts else ""
        raise RunUnknown(f"no run{of} under {where}{only}", hint=_LIST)
    raise too_few(wanted, len(fits), where, of)


def is_turn(run: str) -> bool:
    """Whether a run is one turn of a watch: these are many, and meant only by whoever asks for
    them. One whose folder somebody renamed is told from them."""
    return verb_in(run) == WATCH


def _is_meant(verb: str, run: str, verbs: Mapping[str, str]) -> bool:
    return verbs[run] in ("", verb) if verb else not is_turn(run)


def too_few(wanted: Latest, number: int, where: str, of: str) -> RunUnknown:
    """For a run further back than there are. of: which runs they are, in words that follow."""
    runs = "there is 1 run" if number == 1 else f"there are {number} runs"
    oldest = Latest(wanted.verb, number - 1, wanted.host)
    return RunUnknown(
        f"{wanted} is too far back: under {where} {runs}{of}, the oldest is {oldest}", hint=_LIST
    )


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
        raise no_run(reference)


def no_run(reference: str) -> RunError:
    """For what no run can be called by."""
    return RunError(
        f"{reference!r} is no run: expected a run's id, a part that it begins with, latest, "
        f"{LATEST}~N, a tag or a git revision",
        hint=_LIST,
    )
