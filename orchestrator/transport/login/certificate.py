"""OpenSSH's certificates: which key one is about (PROTOCOL.certkeys of OpenSSH)."""

from __future__ import annotations

import base64
import contextlib
import struct
from pathlib import Path

_MARK = "-cert-v01"
# Behind the key: serial, type, id, principals, valid from and to, options, extensions, reserved,
# the signer's key and its signature.
_REST = (8, 4, "", "", 8, 8, "", "", "", "", "")


def read(path: Path) -> tuple[str, bytes]:
    """Kind and blob of a public half, as one line of text holds them.

    OSError: it cannot be read; ValueError: it is something else.
    """
    if not path.is_file():
        raise ValueError("it is no file") if path.exists() else FileNotFoundError(2, "no such file")
    kind, coded = path.read_text("utf-8").split()[:2]
    blob = base64.b64decode(coded, validate=True)
    if blob[4 : 4 + len(kind)] != kind.encode():
        raise ValueError("it is not what its first word says")
    return kind, blob


def is_one(kind: str) -> bool:
    """Whether the kind of a public half is that of a certificate."""
    return _MARK in kind


def certifies(certificate: tuple[str, bytes], kind: str, blob: bytes) -> bool:
    """Whether a certificate is whole and about this key. kind, blob: of the key alone."""
    of, data = certificate
    base, _, origin = kind.partition("@")
    if of not in (f"{base}{_MARK}@openssh.com", f"{base}{_MARK}@{origin}"):
        return False
    with contextlib.suppress(struct.error, ValueError):
        _, place = _string(data, 0)
        _, place = _string(data, place)  # the nonce
        _, start = _string(blob, 0)
        key = blob[start:]
        return data.startswith(key, place) and _ends(data, place + len(key))
    return False


def _ends(data: bytes, place: int) -> bool:
    for part in _REST:
        if isinstance(part, int):
            place += part
        else:
            _, place = _string(data, place)
    return place == len(data)


def _string(data: bytes, place: int) -> tuple[bytes, int]:
    (size,) = struct.unpack_from(">I", data, place)
    end = place + 4 + size
    if end > len(data):
        raise ValueError("it breaks off")
    return data[place + 4 : end], end
