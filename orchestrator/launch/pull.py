"""Bring a job's files home: whole and verified, or not at all; resumed where a link dropped.

The host names its files and their sizes; then one request streams all that is missing here, and
each file ends with its digest, computed while it was sent. A file that is already here costs
nothing but that digest.
"""

from __future__ import annotations

import errno
import hashlib
import io
import zlib
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from orchestrator.errors import HostUnfit, LinkLost
from orchestrator.here import regular_file
from orchestrator.launch.answer import checked
from orchestrator.launch.offer import offered_files, stays, why_left
from orchestrator.transport.agent import AgentSession, mixed_up, unpack_json
from orchestrator.values.host import Host
from orchestrator.values.job import OUTPUT_LIMIT_BYTES, RemoteFile
from orchestrator.values.progress import Progress
from orchestrator.values.run import BoundFile
from remote_payload.contract.layout import LOG

# A job is stopped for its output a moment later than it should be; more than this is a lie.
LOG_LIMIT_BYTES = 2 * OUTPUT_LIMIT_BYTES
_HASH_BYTES = 1 << 20
# The host sends block after block, without a thought in between that takes longer.
_SILENCE_S = 8.0
# A file, and what is here of it already, comes in frames of this size, the last ones apart. More
# frames with less in each could come without end, and none of them too late.
_FRAME_BYTES, _SMALL_FRAMES = 1 << 20, 8
_RAW, _PACKED, _ANSWER = b"B", b"Z", b"J"


@dataclass(frozen=True)
class _Place:
    """Where a remote file lands. verify_only: a file of the right size is already there."""

    file: RemoteFile
    target: Path
    verify_only: bool

    @property
    def partial(self) -> Path:
        return self.target.with_name(self.target.name + ".partial")

    @property
    def sink(self) -> Path:
        return self.target if self.verify_only else self.partial

    @property
    def most_frames(self) -> int:
        return self.file.size_bytes // _FRAME_BYTES + _SMALL_FRAMES

    @property
    def offset(self) -> int:
        """How many bytes are here; a partial file that is too long is started anew."""
        size = self.sink.stat().st_size if self.sink.exists() else 0
        return size if size <= self.file.size_bytes else 0


class Pull:
    """One transfer over an agent session. into: the run directory here.

    also: our own files of the run that the host is to give back, such as request.json. owner: the
    mark without which the job is another's; empty where any job of this name will do.
    """

    def __init__(
        self,
        session: AgentSession,
        host: Host,
        run_id: str,
        into: Path,
        progress: Progress,
        also: tuple[str, ...] = (),
        owner: str = "",
    ) -> None:
        self._session, self._host = session, host
        self._into, self._progress, self._also = into, progress, also
        self._whose = {"run": run_id, "owner": owner}
        self._done = self._total = 0
        self._left: list[tuple[str, str]] = []
        self._here: list[BoundFile] = []

    def bring_all(self) -> tuple[BoundFile, ...]:
        """What is here now as the host has it, each file with the digest by which that was seen.
        LinkLost if the link dies or a file arrives damaged; what is whole by then stays.

        OSError where this machine takes no more; of a full disk no half file takes the last room.
        """
        try:
            self._bring_all()
        except OSError as error:
            if error.errno in (errno.ENOSPC, errno.EDQUOT):
                drop_halves(self._into)
            raise
        return tuple(self._here)

    def _bring_all(self) -> None:
        self._session.send_json({"do": "inventory", **self._whose, "also": self._also})
        answer = checked(self._host, self._session.receive_json())
        offered = offered_files(self._host.where, answer, self._also, self._progress.say)
        files = [file for file in offered if not self._is_endless(file)]
        differing = self._fetch([self._place(file) for file in files])
        # What is here under the right size but with other bytes comes again from the start.
        self._fetch([_Place(place.file, place.target, False) for place in differing])
        if self._left:
            self._progress.say(stays(self._host.where, self._left))

    def _is_endless(self, file: RemoteFile) -> bool:
        """Whether it is a log of more bytes than any; what is here of it stays as it is."""
        endless = file.path == LOG and file.size_bytes > LOG_LIMIT_BYTES
        if endless:
            self._progress.say(
                f"the log at {self._host.where} has {file.size_bytes / 1e6:.0f} MB; more than "
                f"{LOG_LIMIT_BYTES / 1e6:.0f} MB are not brought here"
            )
        return endless

    def _place(self, file: RemoteFile) -> _Place:
        target = self._into / file.path
        return _Place(file, target, target.is_file() and target.stat().st_size == file.size_bytes)

    def _fetch(self, places: list[_Place]) -> list[_Place]:
        """Ask for all of places at once; returns those whose file here has other bytes."""
        if not places:
            return []
        wanted = [
            {"path": place.file.path, "offset": place.offset, "size": place.file.size_bytes}
            for place in places
        ]
        self._total += sum(place.file.size_bytes - place.offset for place in places)
        self._session.send_json({"do": "fetch", **self._whose, "files": wanted})
        differing = [place for place in places if not self._take(place)]
        checked(self._host, self._session.receive_json())
        return differing

    def _take(self, place: _Place) -> bool:
        """Receive one file; False if the one that is here differs."""
        size, digest, told = self._received(place)
        if why := why_left(told):
            self._left.append((place.file.path, why))
            if not place.verify_only:
                place.partial.unlink()
            return True
        whole = size == place.file.size_bytes and digest == _told_digest(told)
        if not whole and place.verify_only:
            return False
        if not whole:
            place.partial.unlink()
            raise self._damaged(place.file)
        if not place.verify_only:
            place.partial.replace(place.target)
        self._here.append(BoundFile(place.file.path, size, digest))
        return True

    def _received(self, place: _Place) -> tuple[int, str, Any]:
        """What is there of the file now: its size and digest, and what the host says in the end."""
        digest, size = hashlib.sha256(), place.offset
        with self._sink(place, size) as sink:
            if size:
                _digest_of_start(place.sink, size, digest)
            for _ in range(place.most_frames):
                kind, body = self._session.receive(_SILENCE_S)
                if kind == _ANSWER:
                    told = checked(self._host, unpack_json(self._host, body))
                    return size, digest.hexdigest(), told
                data = self._unpack(kind, body, place.file.size_bytes - size)
                sink.write(data)
                digest.update(data)
                size += len(data)
                self._advance(len(data), place.file)
        raise HostUnfit(
            f"{self._host.where} sends {place.file.path} in pieces without end",
            hint="Something else answers in its place; see what `python:` of this host starts.",
        )

    def _sink(self, place: _Place, size: int) -> BinaryIO:
        """What takes the bytes after the first `size`; NotRegular where a link would lead them out
        of the run's folder. To a file that is only verified nothing is added, wherever it lies."""
        if place.verify_only:
            return io.BytesIO()
        for folder in reversed(place.target.relative_to(self._into).parents[:-1]):
            regular_file.own(self._into / folder, "a folder of the run's own")
        place.target.parent.mkdir(parents=True, exist_ok=True)
        sink = regular_file.appended(place.sink)
        sink.truncate(size)
        return sink

    def _unpack(self, kind: bytes, body: bytes, left: int) -> bytes:
        """The bytes of a frame, never more than are due: a small frame can unpack to gigabytes."""
        try:
            data = zlib.decompressobj().decompress(body, left + 1) if kind == _PACKED else body
        except zlib.error as error:
            raise mixed_up(self._host, "a part of a file cannot be unpacked") from error
        if kind not in (_RAW, _PACKED) or len(data) > left:
            raise LinkLost(f"{self._host.where} sent more of a file than it had announced")
        return data

    def _advance(self, count: int, file: RemoteFile) -> None:
        self._done += count
        self._progress.step("pull", self._done, self._total, file.path)

    def _damaged(self, file: RemoteFile) -> LinkLost:
        return LinkLost(
            f"{file.path} from {self._host.where} arrived damaged and was thrown away",
            hint="Run the same command again; the host still has the file.",
        )


def drop_halves(into: Path) -> None:
    """Remove what has not come whole: the host has it, and whatever comes next needs the room."""
    for half in into.rglob("*.partial"):
        with suppress(OSError):
            half.unlink()


def _told_digest(told: Any) -> str:
    """What the host says of the file that it sent; HostUnfit where it says nothing of the kind."""
    told_digest = told.get("sha256")
    if isinstance(told_digest, str):
        return told_digest
    raise HostUnfit(
        "the host sent a file and not its digest, so nobody can tell whether it is whole",
        hint="Something else answers in its place; see what `python:` of this host starts.",
    )


def _digest_of_start(path: Path, size: int, digest: Any) -> None:
    with regular_file.opened(path) as handle:
        while size and (block := handle.read(min(size, _HASH_BYTES))):
            digest.update(block)
            size -= len(block)
