"""Memory that was never written shows: it holds NaN, not what an earlier call left there."""

from __future__ import annotations

import contextlib
import ctypes
import math
from typing import Any, Iterator, Optional, Sequence, Tuple

import torch

Form = Tuple[Tuple[int, ...], Any]  # size and dtype
_M_PERTURB = -6  # of glibc's malloc.h
_ALL_BITS_SET = 0x100  # glibc fills with this ^ 0xff, cut to a byte: NaN in every floating type
_OFF = 0
_PIECES = 3  # the provider may take one or two for itself before it asks for its output
_SMALL = 4096  # elements; what glibc keeps in lists is of at most 1032 bytes, unless it was tuned


@contextlib.contextmanager
def poisoned(forms: Sequence[Form], device: str) -> Iterator[None]:
    """Within, an element of these forms (size and dtype) that nobody writes is NaN; on a CPU one of
    whole numbers is -1.

    What is given back last is handed out first: of torch's allocator on a GPU that is enough. A
    CPU's malloc takes its next piece from wherever it fits, so that glibc fills every piece, of
    whatever form; all but small ones that it keeps in lists (tcache), where the last is first too.
    """
    perturb = getattr(ctypes.CDLL(None), "mallopt", None) if device == "cpu" else None
    give_back(forms, device, _SMALL if perturb is not None else None)
    if perturb is None:  # on a GPU, or with another libc
        yield
        return
    perturb(_M_PERTURB, _ALL_BITS_SET)
    try:
        yield
    finally:
        perturb(_M_PERTURB, _OFF)


def give_back(forms: Sequence[Form], device: str, most: Optional[int] = None) -> None:
    """Fill memory of these forms with NaN and give it back, for whoever asks for some next. most:
    elements; larger ones are left out."""
    given_back = [
        torch.full(size, float("nan"), dtype=dtype, device=device)
        for size, dtype in forms
        if dtype.is_floating_point and (most is None or math.prod(size) <= most)
        for _ in range(_PIECES)
    ]
    del given_back
