"""The card of a run that was not started from here, made of what its host knows."""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from orchestrator import __version__
from orchestrator.here import regular_file
from orchestrator.store.runs import binding
from orchestrator.store.runs.naming import is_id, verb_in
from orchestrator.store.runs.run_store import CARD, END, REQUEST, RESULT
from orchestrator.values.host import Host
from orchestrator.values.job import JobEnd
from orchestrator.values.privacy.redaction import discreet
from orchestrator.values.run import UNKNOWN, BoundFile, RunCard
from orchestrator.workflows.jobs.remote_runs import RemoteRun
from remote_payload.contract import codec
from remote_payload.contract.request import Request
from remote_payload.contract.result import Result

OWNER = re.compile(r"[0-9a-f]{32}")
_STAMP = re.compile(r"(\d{8}-\d{6})-.+")
_VERB = re.compile(r"[a-z][a-z-]{0,30}")


def describe(
    folder: Path,
    run: RemoteRun,
    end: JobEnd | None,
    host: Host,
    came: tuple[BoundFile, ...] = (),
) -> None:
    """Write what `RunStore.create` would have written, the card last: it makes this a run."""
    files = [one for one in came if one.path != REQUEST]
    request = _request(folder, run.run_id)
    (folder / REQUEST).unlink(missing_ok=True)  # it may be one that nobody can read
    if request is not None:
        # A job renamed by hand keeps the name it was asked for by, which its result repeats.
        if not is_id(request.run_id):
            request = replace(request, run_id=run.run_id)
        files.append(binding.put(folder, REQUEST, codec.dumps(request)))
    if end is not None:
        told = replace(end, message=discreet(end.message))
        files.append(binding.put(folder, END, codec.dumps(told)))
    owner = run.owner if OWNER.fullmatch(run.owner) else ""
    card = binding.with_files(replace(_card(run.run_id, host, request), owner=owner), files)
    codec.write_atomic(folder / CARD, codec.dumps(card))


def _request(folder: Path, run_id: str) -> Request | None:
    """What was asked: as the host was told, else as the run's own result repeats it; None without
    both."""
    with suppress(OSError, ValueError, RecursionError):
        return codec.loads(Request, regular_file.read_text(folder / REQUEST))
    with suppress(OSError, ValueError, RecursionError):
        asked = codec.loads(Result, regular_file.read_text(folder / RESULT)).request
        return asked if asked.run_id == run_id else None
    return None


def _card(run_id: str, host: Host, request: Request | None) -> RunCard:
    stamp = _STAMP.fullmatch(run_id)
    asked = request.verb if request else ""
    return RunCard(
        run_id=run_id,
        verb=asked if _VERB.fullmatch(asked) else verb_in(run_id) or UNKNOWN,
        host=host.name,
        workspace=host.workspace,
        snapshot=request.snapshot if request else UNKNOWN,
        reproduce=UNKNOWN,
        created_at=_created_at(stamp[1]) if stamp else UNKNOWN,
        orchestrator_version=f"{UNKNOWN} (fetched by {__version__})",
        operator=request.operator if request else "",
        cases=tuple(one.label for one in request.cases) if request else (),
    ).for_others()


def _created_at(stamp: str) -> str:
    try:
        return f"{datetime.strptime(stamp, '%Y%m%d-%H%M%S'):%Y-%m-%dT%H:%M:%SZ}"
    except ValueError:
        return UNKNOWN
