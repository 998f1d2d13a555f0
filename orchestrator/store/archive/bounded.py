"""A compressed file read as what is in it, up to a limit: a few bytes can stand for terabytes."""

from __future__ import annotations

import gzip
import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from orchestrator.here import regular_file

# Of one call: a header that claims to be larger is none of ours.
_MOST_AT_ONCE = 4 << 20


class TooMuch(Exception):
    """More comes out than is allowed."""


class Bounded(io.RawIOBase):
    """What tarfile reads from: forwards, never much at once, never much in all."""

    def __init__(self, source: gzip.GzipFile, most_bytes: int) -> None:
        self._source, self._most = source, most_bytes

    @classmethod
    @contextmanager
    def opened(cls, path: Path, most_bytes: int) -> Iterator[Bounded]:
        """OSError: the file cannot be read, or is not compressed."""
        with regular_file.opened(path) as file, gzip.GzipFile(fileobj=file, mode="rb") as source:
            yield cls(source, most_bytes)

    def read(self, size: int = -1) -> bytes:
        if not 0 <= size <= _MOST_AT_ONCE:
            raise TooMuch("one of its parts is larger than any of ours")
        self._require(self._source.tell() + size)
        return self._source.read(size)

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        if whence != io.SEEK_SET:
            raise TooMuch("it is read from its end")
        self._require(offset)
        return self._source.seek(offset)

    def tell(self) -> int:
        return self._source.tell()

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def _require(self, upto: int) -> None:
        if upto > self._most:
            raise TooMuch(f"more than {self._most / 1e9:.3g} GB come out of it")
