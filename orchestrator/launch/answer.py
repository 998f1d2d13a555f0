"""What the job agent answers, turned into the errors that people see."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import fields
from typing import Any

from orchestrator.errors import HostUnfit, RunError, RunTaken
from orchestrator.launch.base import DAMAGED, ListedJob
from orchestrator.store.runs import bounds
from orchestrator.transport.agent import SAID_CHARACTERS
from orchestrator.values.host import Host
from orchestrator.values.job import Heartbeat, JobEnd
from remote_payload.contract import codec

ASK_ITS_OWN = "Ask the host, by its name in the inventory, whose workspace it was started in."
_ADVICE = {
    "no-space": "Free some space under the workspace, or move it: `workspace:` in the inventory.",
    "denied": "Choose a workspace you may write to: `workspace:` in the inventory.",
    "snapshot": "Run the same command again: what is damaged there is sent again.",
    "read-only": "Choose a workspace you may write to: `workspace:` in the inventory.",
    "busy": "A process that no signal ends waits for a driver or a disk: see with `ps` there.",
    "Copied": ASK_ITS_OWN,
    "Damaged": "What it left lies in its folder in jobs/ of the host's workspace.",
}
_END_KEYS = [field.name for field in fields(JobEnd)]
_NO_SENSE = (KeyError, TypeError, ValueError, AttributeError, RecursionError)


def checked(host: Host, answer: Any) -> Any:
    """The answer itself, unless it tells of an error: then RunError, RunTaken or HostUnfit."""
    if not isinstance(answer, dict):
        raise HostUnfit(f"{host.where} answered in a form that no agent of ours uses")
    error = answer.get("error")
    if error is None:
        return answer
    said = answer.get("message", error)
    if not isinstance(error, str) or not isinstance(said, str):
        raise HostUnfit(f"{host.where} answered in a form that no agent of ours uses")
    said = said[:SAID_CHARACTERS]
    if error == "no-job":
        raise _no_job(host, said, answer.get("running"))
    if error == "taken":
        raise taken(host, said)
    if error == "start":
        raise HostUnfit(f"{host.where} could not start the job: {said}")
    raise HostUnfit(
        f"{host.where}: {said}",
        hint=_ADVICE.get(error, "Run again with --debug for details."),
    )


def taken(host: Host, run_id: str, why: str = "") -> RunTaken:
    """The host's job of this name is not ours. why: what tells them apart, where no mark does."""
    return RunTaken(
        f"{host.where} already has another run {run_id!r}{why and f': {why}'}",
        hint="Somebody else asked for that one; yours was never started there. Unless another host "
        f"has it, it may go: orchestrator runs rm {run_id}",
    )


def _no_job(host: Host, run_id: str, running: Any) -> RunError:
    """running: how many of its processes live there all the same, None if nobody can see."""
    if type(running) is int and running > 0:
        processes = "1 process of it runs" if running == 1 else f"{running} processes of it run"
        return RunError(
            f"{host.where} has no folder of run {run_id!r} any more, but {processes} on there",
            hint=f"End what is left of it: orchestrator cancel {run_id} --host {host.name}",
        )
    rest = "nothing of it is running" if running == 0 else "whether it runs cannot be seen there"
    return RunError(
        f"{host.where} knows no run {run_id!r}",
        hint=f"It was never started there, or has been removed; {rest}.",
    )


def job_end(host: Host, answer: Any) -> JobEnd:
    """How a job ended, from an answer's `end`; HostUnfit for an answer of another form."""
    with _understood(host):
        return _end(answer["end"])


def jobs(host: Host, answer: Any) -> tuple[ListedJob, ...]:
    """Every entry of a list, in its order; one that makes no sense is called damaged and hides no
    other. HostUnfit as above, also for an entry without a name."""
    with _understood(host):
        return tuple(_listed(_word(entry["run"]), entry) for entry in answer["jobs"])


def _listed(run_id: str, entry: Any) -> ListedJob:
    owner = _word(entry.get("owner", ""))
    try:
        end = _end(entry["end"]) if entry["end"] is not None else None
        return ListedJob(run_id, end, _beat(entry), owner)
    except _NO_SENSE:
        return ListedJob(run_id, None, Heartbeat(DAMAGED, None), owner)


def others(answer: Any) -> tuple[str, ...]:
    """What else lies among the jobs and is none, by name; of another form: nothing."""
    names = answer.get("others") if isinstance(answer, dict) else None
    return tuple(name for name in names if isinstance(name, str)) if isinstance(names, list) else ()


def heartbeat(host: Host, body: bytes) -> Heartbeat:
    """A sign of life; HostUnfit as above."""
    with _understood(host):
        return _beat(codec.parse(body))


def _beat(facts: Any) -> Heartbeat:
    waiting_for = facts["waiting_for"]
    return Heartbeat(
        _word(facts["state"] or "starting"), None if waiting_for is None else _word(waiting_for)
    )


def _word(value: Any) -> str:
    """What the host says in the place of a word, and no more of it than a line."""
    return str(value)[:SAID_CHARACTERS]


def _end(facts: Any) -> JobEnd:
    """What else is told of an end, such as when it was, is not asked for."""
    known = {key: facts[key] for key in _END_KEYS if key in facts}
    return bounds.checked(codec.decode(JobEnd, known))


@contextmanager
def _understood(host: Host) -> Iterator[None]:
    try:
        yield
    except _NO_SENSE as error:
        raise HostUnfit(
            f"{host.where} answered in a form that no agent of ours uses",
            hint="Something else answers in its place; see what `python:` of this host starts.",
        ) from error
