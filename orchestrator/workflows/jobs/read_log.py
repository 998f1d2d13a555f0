"""A run's log as lines for people: from its folder here, or from its host."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

from orchestrator.errors import RunError
from orchestrator.here import regular_file
from orchestrator.launch import choose
from orchestrator.store.runs.run_store import LOG
from orchestrator.transport.base import Transport
from orchestrator.values.claim import Claim
from orchestrator.values.job import Heartbeat, JobEnd
from orchestrator.workflows.jobs.job_log import readable
from remote_payload.contract.words import PROGRESS_MARK

_BLOCK_BYTES = 1 << 18
# A line without end is shown in pieces, so that it cannot fill the memory.
_LINE_LIMIT_BYTES = 1 << 16
_MARK = PROGRESS_MARK.encode()


class _CaughtUp(Exception):
    """What there was of the log has been passed on."""


class LogLines:
    """Bytes in any pieces → whole lines without the records of progress."""

    def __init__(self) -> None:
        self._rest = b""

    def take(self, data: bytes) -> Iterator[str]:
        """The lines that `data` completes."""
        *lines, self._rest = (self._rest + data).split(b"\n")
        if len(self._rest) > _LINE_LIMIT_BYTES:
            # Between two words, where there are any: half an address would not be known as one.
            piece, blank, rest = self._rest.rpartition(b" ")
            lines, self._rest = [*lines, piece + blank or rest], rest if blank else b""
        yield from _shown(lines)

    def rest(self) -> Iterator[str]:
        """What stands behind the last line end."""
        lines, self._rest = ([self._rest] if self._rest else []), b""
        yield from _shown(lines)


def local_log(folder: Path) -> Iterator[str]:
    """The lines of the log as far as it is here; none before it began."""
    lines, path = LogLines(), folder / LOG
    try:
        source = regular_file.opened(path)
    except FileNotFoundError:
        return
    except OSError as exc:
        raise RunError(
            f"{path}: {exc.strerror}",
            hint="It was left as it is; remove it, and `orchestrator attach "
            f"{folder.name}` brings the log anew.",
        ) from exc
    with source:
        # Another terminal may be writing to it, faster than we read.
        left = os.fstat(source.fileno()).st_size
        while left > 0 and (block := source.read(min(left, _BLOCK_BYTES))):
            left -= len(block)
            yield from lines.take(block)
    yield from lines.rest()


def remote_log(
    transport: Transport,
    run_id: str,
    follow: bool,
    tell: Callable[[str], object],
    claim: Claim | None = None,
) -> JobEnd | None:
    """Pass on the host's log from its start: to its end with `follow`, else as far as it is now.

    claim: of a run that is kept here, whose job it has to be. Returns how the job ended, None if it
    goes on. RunError: the host has no such job.
    """
    lines, launcher = LogLines(), choose.launcher(transport, claim)
    # A job may print without a pause, faster than it can be passed on.
    left = sys.maxsize if follow else launcher.log_bytes(run_id)

    def on_log(data: bytes) -> None:
        nonlocal left
        if left <= 0:  # only now: of a job that has ended, the end is what comes after its log
            raise _CaughtUp
        for line in lines.take(data[:left]):
            tell(line)
        left -= len(data)

    def on_beat(beat: Heartbeat) -> None:
        if not follow:
            raise _CaughtUp

    end = None
    with suppress(_CaughtUp):
        end = launcher.follow(run_id, 0, on_log, on_beat)
    for line in lines.rest():
        tell(line)
    return end


def _shown(lines: list[bytes]) -> Iterator[str]:
    shown = (line.decode("utf-8", "replace") for line in lines if not line.startswith(_MARK))
    return (readable(line) for line in shown)
