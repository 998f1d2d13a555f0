"""What a file holds, in one word."""

from __future__ import annotations

import hashlib
import os
import stat

_BLOCK_BYTES = 1 << 20


def of_file(path: str) -> str:
    """Its SHA-256; empty where it cannot be read, or is no file: no FIFO is waited for."""
    digest = hashlib.sha256()
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
        with os.fdopen(handle, "rb") as source:
            if not stat.S_ISREG(os.fstat(handle).st_mode):
                return ""
            for block in iter(lambda: source.read(_BLOCK_BYTES), b""):
                digest.update(block)
    except OSError:
        return ""
    return digest.hexdigest()
