"""The local copy of a job's log: where to resume, what to show, when the job was last seen."""

from __future__ import annotations

import json
import os
import time
from datetime import datetime, timezone
from pathlib import Path

from orchestrator.here import regular_file
from orchestrator.launch.pull import LOG_LIMIT_BYTES
from orchestrator.store.runs.run_store import LOG
from orchestrator.values.job import Heartbeat
from orchestrator.values.progress import Progress
from orchestrator.values.text import printable, told_apart
from remote_payload.contract import codec
from remote_payload.contract.request import Progress as Step
from remote_payload.contract.words import NOTE_MARK, PROGRESS_MARK

# A line without end is kept for its end to come, but not for ever.
_LINE_BYTES = 1 << 16
# The last lines of a log of any size lie within these.
_TAIL_BYTES = 1 << 20
TAIL_LINES = 30
NOTES_SHOWN = 40
_NOTE_CHARACTERS = 1000


class JobLog:
    """Appends what comes from the host; the file's size is the offset to resume from.

    The file's time is when the job was last heard of, heartbeats included. heard counts how
    often that was: whoever retries can tell a link that drops from one that is dead. Of a log
    without end the first limit_bytes are kept: the host is not believed to stop such a job.
    """

    def __init__(
        self, folder: Path, progress: Progress, show: bool, limit_bytes: int = LOG_LIMIT_BYTES
    ) -> None:
        self._path = folder / LOG
        self._progress = progress
        self._show = show
        self._limit_bytes = limit_bytes
        self._left_out_bytes = 0
        self._line = b""
        self._waiting_for: str | None = None
        self._notes = 0
        self.heard = 0

    @property
    def offset(self) -> int:
        kept = self._path.stat().st_size if self._path.exists() else 0
        return kept + self._left_out_bytes

    def seen(self) -> None:
        """Note that the host told of the job just now."""
        with regular_file.appended(self._path) as sink:
            os.utime(sink.fileno())
        self.heard += 1

    def take(self, data: bytes) -> None:
        """Keep the bytes, and show the whole lines among them; past the limit do neither."""
        self.heard += 1
        with regular_file.appended(self._path) as sink:
            kept = data[: max(0, self._limit_bytes - sink.tell())]
            sink.write(kept)
        if len(kept) < len(data):
            self._leave_out(len(data) - len(kept))
        self._show_lines(kept)

    def _leave_out(self, size_bytes: int) -> None:
        if not self._left_out_bytes:
            self._progress.say(
                f"the log is longer than {self._limit_bytes / 1e6:.0f} MB, more than any job may "
                "print; the rest is neither kept nor shown (orchestrator cancel ends the job)"
            )
        self._left_out_bytes += size_bytes
        self._path.touch()

    def _show_lines(self, data: bytes) -> None:
        *lines, self._line = (self._line + data).split(b"\n")
        self._line = self._line[-_LINE_BYTES:]
        for line in lines:
            self._tell(line.decode("utf-8", "replace"))

    def beat(self, beat: Heartbeat) -> None:
        """Say once whom a queued job waits for."""
        self.seen()
        if beat.waiting_for and beat.waiting_for != self._waiting_for:
            self._progress.say(f"waiting for {printable(beat.waiting_for)} to leave the device")
        self._waiting_for = beat.waiting_for

    def _tell(self, line: str) -> None:
        if line.startswith(PROGRESS_MARK):
            try:
                step = codec.decode(Step, json.loads(line[len(PROGRESS_MARK) :]))
            except (ValueError, RecursionError):  # whatever a job prints behind our mark
                return
            self._progress.step(step.stage.value, step.done, step.total, printable(step.label))
        elif self._show:
            self._progress.say(told_apart(readable(line)))
        elif line.startswith(NOTE_MARK):
            self._note(line)

    def _note(self, line: str) -> None:
        """What whoever watches is to know; a job that has no end of it does not fill the screen."""
        self._notes += 1
        if self._notes <= NOTES_SHOWN:
            self._progress.say(printable(readable(line)[:_NOTE_CHARACTERS]))
        elif self._notes == NOTES_SHOWN + 1:
            self._progress.say(f"more notes stand in the log: {self._path}")


def readable(line: str) -> str:
    """A line of a log as people read it: a note is told from others by its mark, not for them."""
    return f"note: {line[len(NOTE_MARK) :]}" if line.startswith(NOTE_MARK) else line


def tail(folder: Path, lines: int = TAIL_LINES) -> str:
    """The last lines of a run's log as people should see them."""
    try:
        with regular_file.opened(folder / LOG) as handle:
            handle.seek(max(0, os.fstat(handle.fileno()).st_size - _TAIL_BYTES))
            text = handle.read().decode("utf-8", "replace")
    except OSError:
        text = ""
    shown = [line for line in text.splitlines() if not line.startswith(PROGRESS_MARK)]
    # A line may be as long as the whole log; its end says most.
    return (
        "\n".join(printable(readable(line)[-1000:]) for line in shown[-lines:])
        or "(the log is empty)"
    )


def last_seen(folder: Path) -> str:
    """When the host last told of the job, in words: "last seen 12 s ago (10:15:30 UTC)"."""
    try:
        at = (folder / LOG).stat().st_mtime
    except OSError:
        return "never seen"
    ago_s = max(0.0, time.time() - at)
    for unit, length_s in (("days", 86400), ("h", 3600), ("min", 60)):
        if ago_s >= 2 * length_s:
            ago = f"{ago_s / length_s:.0f} {unit}"
            break
    else:
        ago = f"{ago_s:.0f} s"
    return f"last seen {ago} ago ({datetime.fromtimestamp(at, timezone.utc):%Y-%m-%d %H:%M:%S} UTC)"
