"""The frames of agents (agent/wire.py), for who may not wait: for the next, or for a reader."""

from __future__ import annotations

import json
import os
import struct
import zlib
from typing import Any, Iterator, Tuple

_HEAD = struct.Struct(">cI")
_LARGEST_BYTES = 64 << 20
_CHUNK_BYTES = 1 << 16


class NoFrame(Exception):
    """What came is none of ours."""


class Incoming:
    """What comes in through a descriptor. ended: nothing more will."""

    def __init__(self, handle: int) -> None:
        self.handle, self.ended = handle, False
        self._held = b""

    def frames(self) -> Iterator[Tuple[bytes, bytes]]:
        """Read once, and give each (kind, body) that is whole. Raises NoFrame."""
        data = os.read(self.handle, _CHUNK_BYTES)
        self.ended = not data
        self._held += data
        while len(self._held) >= _HEAD.size:
            kind, size = _HEAD.unpack_from(self._held)
            if size > _LARGEST_BYTES:
                raise NoFrame(f"a frame of {size} bytes")
            end = _HEAD.size + size
            if len(self._held) < end:
                return
            body, self._held = self._held[_HEAD.size : end], self._held[end:]
            yield kind, body


class Outgoing:
    """What goes out as fast as it is taken. waiting_bytes: what has not been by now."""

    def __init__(self, handle: int) -> None:
        self.handle = handle
        self._held = bytearray()
        os.set_blocking(handle, False)

    @property
    def waiting_bytes(self) -> int:
        return len(self._held)

    def send(self, kind: bytes, body: bytes) -> None:
        """Have a frame sent. OSError: nobody reads any more."""
        self._held += _HEAD.pack(kind, len(body)) + body
        self.flush()

    def send_json(self, value: Any) -> None:
        self.send(b"J", zlib.compress(json.dumps(value, separators=(",", ":")).encode(), 1))

    def flush(self) -> None:
        """Send what is taken at once. OSError as above."""
        while self._held:
            try:
                sent = os.write(self.handle, self._held[:_CHUNK_BYTES])
            except BlockingIOError:
                return
            del self._held[:sent]


def unpacked(body: bytes) -> Any:
    """The value of a J frame's body. Raises NoFrame."""
    try:
        return json.loads(zlib.decompress(body))
    except (ValueError, zlib.error) as exc:
        raise NoFrame(str(exc)) from exc
