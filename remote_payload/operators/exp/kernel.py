"""Our one kernel of exponentials, csrc/ceilings/exp.cu: compiled at first use, called by ctypes."""

from __future__ import annotations

import ctypes
from pathlib import Path
from typing import Tuple

from remote_payload.compiling import libraries
from remote_payload.compiling.libraries import Order
from remote_payload.machine import toolkit

SOURCE = "csrc/ceilings/exp.cu"
FLAGS = ("-Xcompiler", "-fPIC", "-cudart", "static", "-O3", "-std=c++17", "-I", "csrc")
COMPILE_LIMIT_S = 100.0  # less than any stage waits for a word of its worker
PREFIX = "exp-"
# enum SparsekExp of csrc/ceilings/exp.h
VALUES_PER_BLOCK, STEPS_PER_PASS = 2048, 4


def library(
    sources: Path, builds: Path, capability: Tuple[int, int], limit_s: float = COMPILE_LIMIT_S
) -> str:
    """Path of the compiled kernel for a device, kept under builds. CompileError, NoCompiler."""
    order = Order(sources, builds, (SOURCE,), FLAGS, PREFIX)
    return str(libraries.make(order, toolkit.arch_of(capability), limit_s).path)


class ExpChains:
    """The kernel: x becomes 2^-x again and again, and y what comes of it."""

    def __init__(self, path: str) -> None:
        self._native = ctypes.CDLL(path)
        self._native.sparsek_exp_chains.argtypes = (
            ctypes.c_void_p,
            ctypes.c_void_p,
            ctypes.c_int,
            ctypes.c_int,
            ctypes.c_void_p,
        )

    def __call__(self, x: int, y: int, blocks: int, passes: int, stream: int) -> None:
        """Enqueue passes · STEPS_PER_PASS steps for blocks · VALUES_PER_BLOCK floats at the
        addresses x and y.

        RuntimeError with the cudaError_t if the launch is refused.
        """
        code = self._native.sparsek_exp_chains(x, y, blocks, passes, stream)
        if code != 0:
            raise RuntimeError(f"the launch was refused with cudaError {code}")
