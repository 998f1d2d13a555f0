"""The stand-in's driver (driver/driver.h), in the process that asks; loaded at first use."""

from __future__ import annotations

import ctypes
import functools
import os
from pathlib import Path
from typing import Any

ILLEGAL_ADDRESS = 700
# torch 2.11's words for a spoilt context (c10/cuda/CUDAException.cpp and CUDAMiscFunctions.cpp).
_FAULT = """\
CUDA error: an illegal memory access was encountered
Search for `cudaErrorIllegalAddress' in https://docs.nvidia.com/cuda/cuda-runtime-api/\
group__CUDART__TYPES.html for more information.
CUDA kernel errors might be asynchronously reported at some other API call, so the stacktrace below \
might be incorrect.
For debugging consider passing CUDA_LAUNCH_BLOCKING=1
Compile with `TORCH_USE_CUDA_DSA` to enable device-side assertions.
"""


@functools.cache
def native() -> Any:
    library = ctypes.CDLL(str(Path(os.environ["STAND_IN_HOME"]) / "libstand_in.so"))
    library.stand_in_watched.restype = ctypes.c_char_p
    return library


def require_sound() -> None:
    """Raise as torch does once a kernel has spoilt the process's context."""
    raise_for(native().stand_in_error())


def synchronize() -> None:
    """Return when all work is done: never, behind a kernel that hangs."""
    raise_for(native().stand_in_synchronize())


def raise_for(code: int) -> None:
    """Raise torch.AcceleratorError for a cudaError_t that is not 0."""
    import torch

    if code:
        text = _FAULT if code == ILLEGAL_ADDRESS else f"CUDA error: {code}\n"
        raise torch.AcceleratorError(text)
