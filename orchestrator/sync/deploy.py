"""Bring a snapshot to a host: one question, one stream, one rename.

Expected at each latency: two round trips when nothing changed (channel, question), three when
something did. `remote_payload/agent/receive.py` is the far end.
"""

from __future__ import annotations

import json
import time
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from orchestrator.errors import (
    HostKeyError,
    HostStopped,
    HostUnfit,
    HostUnreachable,
    LinkLost,
    NobodyToAsk,
)
from orchestrator.here.aside import begun
from orchestrator.sync import inputs, manifests, packing, sources
from orchestrator.sync.packing import SourcesChanged
from orchestrator.transport import agent
from orchestrator.transport.agent import AgentSession
from orchestrator.transport.base import Transport
from orchestrator.values import host_limits
from orchestrator.values.command import Command
from orchestrator.values.host import Host
from orchestrator.values.progress import Progress, Silence
from orchestrator.values.snapshot import Deployed, Entry, Kind, Scan, Skipped
from orchestrator.values.workspace import Workspace

AGENT = "receive"
TASK = "sync"
KEEP_SNAPSHOTS = 5
LARGE_BYTES = 10e6
_HAVE_DIGITS = 16  # of a content digest, as the far end lists them
_PUBLISH_LIMIT_S = 300.0
# For another sync to end, however often the host says that it goes on.
_WAITING_LIMIT_S = 1800.0
_ATTEMPTS = 3
_TEXT, _MAYBE_TEXT = (str,), (str, type(None))
# What the agent says, and what comes with it.
_FORMS: dict[str, dict[str, tuple[type, ...]]] = {
    "waiting": {},
    "wanted": {"base": _MAYBE_TEXT, "have": (list,)},
    "same": {"root": _TEXT},
    "done": {"root": _TEXT, "deleted": (int,)},
    "failed": {"root": _TEXT, "text": _TEXT, "error": _MAYBE_TEXT},
}
# Before each new try after a lost link: nothing half-done is kept, so it starts from the beginning.
RETRY_PAUSES_S = (0.5, 2.0, 8.0)


@dataclass(frozen=True)
class Plan:
    """What a sync to a host that has nothing of it yet would send, and how it would begin."""

    remote_path: PurePosixPath
    files: tuple[Entry, ...]
    skipped: tuple[Skipped, ...]
    command: Command


def plan(host: Host, scan: Scan) -> Plan:
    """Say what `deploy` would do; opens no connection."""
    return Plan(
        Workspace(PurePosixPath(host.workspace)).snapshot(scan.snapshot.digest),
        scan.snapshot.entries,
        scan.skipped,
        agent.command(host, AGENT, "<nonce>", *_arguments(host, scan, ())),
    )


def deploy_from(
    root: Path,
    transport: Transport,
    progress: Progress | None = None,
    *,
    parts: Sequence[str] = sources.PARTS,
    extra: Sequence[tuple[str, Path | bytes]] = (),
) -> Deployed:
    """Scan `root` while the connection opens, then `deploy`; files that move are read again."""
    progress = progress or Silence()
    opened = begun(transport.open, "connect")  # a scan that fails waits for no dead address
    for attempt in range(1, _ATTEMPTS + 1):
        scan = inputs.require_inputs(sources.scan(root, parts=parts, extra=extra))
        if attempt == 1:
            say_what_is_odd(scan, progress)
            opened.result()
        try:
            return deploy(transport, scan, progress)
        except SourcesChanged as error:
            if attempt == _ATTEMPTS:
                raise
            progress.say(f"{error.message}; reading again")
    raise AssertionError("unreachable")


def say_what_is_odd(scan: Scan, progress: Progress) -> None:
    """What one would not expect of what travels, and of what does not."""
    for item in scan.skipped:
        if not item.usual:
            progress.say(f"not sent: {item.path} {item.reason}")
    for one in scan.submodules:
        if one.size_bytes >= LARGE_BYTES:
            size = f"{one.size_bytes / 1e6:,.0f} MB in {one.files:,} files"
            progress.say(f"the submodule {one.path} travels too, once for each host: {size}")


def deploy(
    transport: Transport,
    scan: Scan,
    progress: Progress | None = None,
    pauses_s: Sequence[float] = RETRY_PAUSES_S,
) -> Deployed:
    """Make the host hold the scanned snapshot; what it has already is not sent again.

    A link that is lost is tried again after each of pauses_s; LinkLost: and was lost once more.
    HostUnfit: no space, not writable. SourcesChanged: a file differs from the scan.
    """
    progress, pauses = progress or Silence(), iter(pauses_s)
    was_lost = False
    while True:
        try:
            return _deploy_once(transport, scan, progress)
        except (HostKeyError, HostStopped, NobodyToAsk):
            raise
        except HostUnreachable as problem:
            # A host that just lost the link may refuse a connection or two.
            was_lost = was_lost or isinstance(problem, LinkLost)
            pause_s = next(pauses, None)
            if not was_lost or pause_s is None:
                raise
            transport.close()
            progress.say(f"{problem.message}; sending again in {pause_s:g} s")
            time.sleep(pause_s)


def _deploy_once(transport: Transport, scan: Scan, progress: Progress) -> Deployed:
    started = time.monotonic()
    known = manifests.remembered(scan.root)
    arguments = _arguments(transport.host, scan, known)
    with agent.open_agent(transport, AGENT, *arguments) as session:
        far = _FarEnd(session, transport.host, progress)
        answer = far.answer("same", "wanted")
        delta = None
        if answer["status"] == "wanted":
            have = frozenset(digits for digits in answer["have"] if isinstance(digits, str))
            delta = _delta(scan, known.get(answer["base"]), have)
            answer = far.send(scan, delta)
    manifests.remember(scan.root, scan.snapshot)
    return Deployed(
        digest=scan.snapshot.digest,
        remote_path=Workspace(PurePosixPath(answer["root"])).snapshot(scan.snapshot.digest),
        total_files=len(scan.snapshot.entries),
        sent_files=len(delta.files) if delta else 0,
        sent_bytes=far.sent_bytes,
        deleted=answer.get("deleted", 0),
        seconds=time.monotonic() - started,
        already_there=delta is None,
    )


def _arguments(host: Host, scan: Scan, known: Iterable[str]) -> tuple[str, ...]:
    return (host.workspace, scan.snapshot.digest, str(KEEP_SNAPSHOTS), *known)


@dataclass(frozen=True)
class _Delta:
    """The manifest against the base both ends know, and the files whose bytes have to go."""

    changed: tuple[Entry, ...]
    dropped: tuple[str, ...]
    files: tuple[Entry, ...]


def _delta(scan: Scan, base_manifest: str | None, have: frozenset[str]) -> _Delta:
    base = {row[0]: tuple(row) for row in json.loads(base_manifest or "[]")}
    have = have | {row[3][:_HAVE_DIGITS] for row in base.values() if row[1] != Kind.LINK.value}
    entries = scan.snapshot.entries
    missing: dict[str, Entry] = {}
    for entry in entries:
        if entry.kind is not Kind.LINK and entry.content[:_HAVE_DIGITS] not in have:
            missing.setdefault(entry.content, entry)
    return _Delta(
        changed=tuple(entry for entry in entries if base.get(entry.path) != entry.row),
        dropped=tuple(base.keys() - {entry.path for entry in entries}),
        files=tuple(missing.values()),
    )


class _FarEnd:
    """The conversation with the receiving agent; counts what goes out."""

    def __init__(self, session: AgentSession, host: Host, progress: Progress) -> None:
        self._session = session
        self._host = host
        self._progress = progress
        self.sent_bytes = 0

    def answer(self, *expected: str, timeout_s: float = agent.SILENCE_LIMIT_S) -> Any:
        """The agent's next answer, one of those expected, as decoded JSON; its failures are raised.

        HostUnfit: an answer that the agent has no reason to give.
        """
        waiting_since, due = 0.0, (*expected, "waiting", "failed")
        while (answer := self._understood(due, timeout_s))["status"] == "waiting":
            if not waiting_since:
                self._progress.say(f"another sync to {self._host.where} is under way; waiting")
                waiting_since = time.monotonic()
            if time.monotonic() - waiting_since > _WAITING_LIMIT_S:
                raise HostUnfit(
                    f"another sync to {self._host.where} has been under way for "
                    f"{_WAITING_LIMIT_S / 60:.0f} min; nothing was sent",
                    hint="Run again when it has ended: `fuser -v locks/sync`, in the workspace, "
                    "names it there.",
                )
        if answer["status"] == "failed":
            raise _failure(self._host, answer)
        return answer

    def _understood(self, due: Sequence[str], timeout_s: float) -> Any:
        answer = self._session.receive_json(timeout_s)
        status = answer.get("status") if isinstance(answer, dict) else None
        form = _FORMS[status] if isinstance(status, str) and status in due else None
        # For a key that is missing stands the answer itself, which is of no form.
        if form is None or not all(isinstance(answer.get(key, answer), form[key]) for key in form):
            raise HostUnfit(
                f"{self._host.where} answered in a form that no agent of ours uses",
                hint="Something else answers in its place; see what `python:` of this host starts.",
            )
        return answer

    def send(self, scan: Scan, delta: _Delta) -> Any:
        """Send the delta and its files; return what the agent says when all is published."""
        try:
            question = {
                "set": [entry.row for entry in delta.changed],
                "drop": delta.dropped,
                "send": [entry.path for entry in delta.files],
            }
            self._frame(b"J", zlib.compress(json.dumps(question).encode(), 1))
            for packed in packing.packed(self._contents(scan, delta.files)):
                self._frame(b"D", packed)
            self._frame(b"Z")
        except LinkLost as lost:
            self._listen_for_last_words(lost)
        return self.answer("done", "same", timeout_s=_PUBLISH_LIMIT_S)

    def _frame(self, kind: bytes, body: bytes = b"") -> None:
        self._session.send(kind, body)
        self.sent_bytes += 5 + len(body)

    def _contents(self, scan: Scan, files: tuple[Entry, ...]) -> Iterator[bytes]:
        total = sum(entry.size_bytes for entry in files)
        done = 0
        for entry in files:
            self._progress.step(TASK, done, total, entry.path)
            for piece in packing.contents(scan, entry):
                yield piece
                done += len(piece)
                self._progress.step(TASK, done, total, entry.path)
        self._progress.step(TASK, total, total)

    def _listen_for_last_words(self, lost: LinkLost) -> None:
        """An agent that gives up says why before it hangs up: the reason beats a lost link."""
        try:
            self.answer("done", timeout_s=5.0)
        except LinkLost:
            raise lost from None
        raise lost


def _failure(host: Host, answer: Any) -> HostUnfit:
    text, root = (answer[key][: agent.SAID_CHARACTERS] for key in ("text", "root"))
    reason = text.partition("] ")[2] or text
    if answer["error"] in ("ENOSPC", "EDQUOT"):
        return HostUnfit(
            f"no space left on {host.where} under {root}: {reason}",
            hint="Free some space there, or set `workspace:` for this host to a larger disk.",
        )
    if answer["error"]:
        hint = "Set `workspace:` for this host to a folder you may write to."
        if shown := host_limits.SHOWN_BY.get(answer["error"]):
            hint = f"See `{shown}` there: its login allows no more."
        elif answer["error"] == "EEXIST":
            hint = "Something else stands in its place: remove that there."
        return HostUnfit(f"{host.where} could not write under {root}: {reason}", hint=hint)
    return HostUnfit(
        f"{host.where} refused the snapshot: {reason}",
        hint="Published snapshots are untouched. Run again; if it stays so, please report it.",
    )
