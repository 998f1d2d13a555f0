"""Memory of calls on a CPU: what they give back stays with their process, as torch's own allocator
has it on a GPU.

glibc hands large blocks back to the kernel, or keeps them, by where they happen to lie; the next
call then finds new pages, which the kernel has to clear. Of one softmax out of four operations all
calls took 106 µs in some processes and 470 in others, and in some the first of a turn five times as
long as the rest, as if it had a memory (docs/decisions/0024-memory-that-stays.md).
"""

from __future__ import annotations

import ctypes
import os
from typing import Any, List

# Of glibc's malloc.h (https://man7.org/linux/man-pages/man3/mallopt.3.html).
_TRIM_THRESHOLD, _NEVER = -1, -1
_MMAP_THRESHOLD, _LARGEST = -3, 32 << 20  # bytes; glibc takes no more: larger blocks are mapped
_PIECE, _MOST = 16 << 20, 128 << 20  # bytes
_SMALL_PIECE = 16 << 10  # bytes; what is free and smaller costs a call four pages at most
# Whoever says himself when memory goes back is heard.
_OF_THE_USER = ("MALLOC_TRIM_THRESHOLD_", "MALLOC_MMAP_THRESHOLD_")
_TUNABLES, _TUNED = "GLIBC_TUNABLES", "glibc.malloc."


def keep() -> None:
    """Have this process keep what it was given, in blocks of up to 32 MiB; nothing with a libc that
    has no `mallopt`."""
    mallopt = _mallopt()
    if mallopt is not None:
        mallopt(_TRIM_THRESHOLD, _NEVER)
        mallopt(_MMAP_THRESHOLD, _LARGEST)


def ready(size_bytes: int) -> None:
    """Have so much memory, 128 MiB at most, lie together with its pages there, for calls to come:
    where `keep` keeps it. Which call is the first to need another block is for the heap to say, and
    all processes of one server have the same heap.

    So also what is free between other blocks, as that is handed out first: nobody may have written
    to it, or the server alone, whose pages are copied at the first write.
    """
    if _mallopt() is None:
        return
    libc = ctypes.CDLL(None)
    libc.malloc.restype, libc.malloc.argtypes = ctypes.c_void_p, (ctypes.c_size_t,)
    libc.free.argtypes = (ctypes.c_void_p,)
    between = min(_free_between(libc), _MOST)
    taken: List[int] = []
    for piece, left in ((_PIECE, min(size_bytes, _MOST)), (_SMALL_PIECE, between)):
        while left > 0 and (block := libc.malloc(min(left, piece))):
            ctypes.memset(block, 0, min(left, piece))
            taken.append(block)
            left -= piece
    for block in taken:
        libc.free(block)


class _Told(ctypes.Structure):
    """What glibc tells of its heap, in the order of its malloc.h; without a sign, as it wraps."""

    _fields_ = [
        (name, ctypes.c_uint)
        for name in (
            "arena", "ordblks", "smblks", "hblks", "hblkhd", "usmblks", "fsmblks", "uordblks",
            "fordblks", "keepcost",
        )
    ]  # fmt: skip


def _free_between(libc: Any) -> int:
    """Bytes that are free elsewhere than at the end of the heap."""
    mallinfo = getattr(libc, "mallinfo", None)
    if mallinfo is None:
        return 0
    mallinfo.restype = _Told
    told = mallinfo()
    return max(0, int(told.fordblks) - int(told.keepcost))


def _mallopt() -> Any:
    """None with another libc, and where the user has said himself how it is to be."""
    told = any(name in os.environ for name in _OF_THE_USER)
    told = told or _TUNED in os.environ.get(_TUNABLES, "")
    return None if told else getattr(ctypes.CDLL(None), "mallopt", None)
