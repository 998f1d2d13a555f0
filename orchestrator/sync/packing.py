"""The files of a scan as one compressed stream, in bounded memory."""

from __future__ import annotations

import hashlib
import os
import zlib
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor

from orchestrator.errors import UsageError
from orchestrator.here import regular_file
from orchestrator.values.snapshot import Entry, Scan

_READ_BYTES = 1 << 20
_BLOCK_BYTES = 1 << 18
_LEVEL = 1  # higher levels cost more time than the bytes they save, even at 100 ms


class SourcesChanged(UsageError):
    """A file is no longer what the scan saw; scan again."""


def contents(scan: Scan, entry: Entry) -> Iterator[bytes]:
    """The entry's bytes; SourcesChanged, at the latest at their end, if they are other ones."""
    if entry.path in scan.written:
        yield scan.written[entry.path]
        return
    digest = hashlib.sha256()
    left = entry.size_bytes
    try:
        file = regular_file.descriptor_of(scan.local(entry), os.O_NOFOLLOW)
        try:
            # One byte more than expected shows that the file has grown.
            while data := os.read(file, min(_READ_BYTES, left + 1)):
                digest.update(data)
                left -= len(data)
                if left < 0:
                    break
                yield data
        finally:
            os.close(file)
    except OSError:
        left = -1
    if left or digest.hexdigest() != entry.content:
        raise SourcesChanged(
            f"{entry.path} changed while it was being sent",
            hint="Something keeps writing to it; let it finish and sync again.",
        )


def packed(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """One raw deflate stream, its blocks compressed ahead on other cores while we send."""
    workers = min(4, os.cpu_count() or 1)
    ahead: deque[Future[bytes]] = deque()
    with ThreadPoolExecutor(workers) as pool:
        for block in _blocks(pieces):
            ahead.append(pool.submit(_deflate, block, zlib.Z_FULL_FLUSH))
            if len(ahead) > workers:
                yield ahead.popleft().result()
        while ahead:
            yield ahead.popleft().result()
    yield _deflate(b"", zlib.Z_FINISH)


def _blocks(pieces: Iterable[bytes]) -> Iterator[bytes]:
    block = bytearray()
    for piece in pieces:
        block += piece
        if len(block) >= _BLOCK_BYTES:
            yield bytes(block)
            block.clear()
    if block:
        yield bytes(block)


def _deflate(block: bytes, ending: int) -> bytes:
    pack = zlib.compressobj(_LEVEL, zlib.DEFLATED, -zlib.MAX_WBITS)
    return pack.compress(block) + pack.flush(ending)
