"""Our kernel on a host without a GPU, and altered copies of it: run by the emulator of csrc/."""

from __future__ import annotations

import ctypes
import tempfile
from pathlib import Path
from typing import Any, Optional

from remote_payload.compiling import emulation
from remote_payload.contract.layout import BUILDS, SNAPSHOTS
from remote_payload.operators.loaded import EmulatedCall

# A head of the headline case takes tens of milliseconds; more heads prove nothing more.
MOST_HEADS = 32
LAST_CTA = 2**32 - 1

Tensor = Any


def altered(path: str, old: str, new: str) -> Emulated:
    """Our kernel with `old`, which is in csrc/`path` just once, replaced by `new`.

    For a provider file, to see what a change does beside the kernel as it is. Raises as
    `emulation.altered_library` does.
    """
    snapshots = emulation.SOURCES.parent
    if snapshots.name == SNAPSHOTS:  # what the change leaves as it is was compiled there before
        return Emulated(emulation.altered_library(path, old, new, snapshots.parent / BUILDS))
    with tempfile.TemporaryDirectory() as builds:
        return Emulated(emulation.altered_library(path, old, new, Path(builds)))


class Emulated(EmulatedCall):
    """attention_forward on CPU tensors. Each call draws another thread order and other moments at
    which copies land, so two equal outputs also say that neither matters.

    variant: of the Hopper kernel, as blackwell_sparsek.attention_variant names it.
    """

    def __init__(self, path: str, variant: Optional[str] = None) -> None:
        from blackwell_sparsek import library as interface
        from blackwell_sparsek.ops import DTYPES, arguments_of

        self._dtypes, self._arguments_of = DTYPES, arguments_of
        self._kernel = interface.number_of_kernel(variant)
        self._native = ctypes.CDLL(path)
        self._native.emulator_configure.argtypes = (ctypes.c_uint64, ctypes.c_uint, ctypes.c_uint)
        self._native.emulator_allow_reads.argtypes = (ctypes.c_void_p, ctypes.c_uint64)
        self._native.emulator_fault.restype = ctypes.c_char_p
        self._native.sparsek_error_text.restype = ctypes.c_char_p
        self._native.sparsek_kernel_name.restype = ctypes.c_char_p
        self._calls = 0

    def __call__(self, q: Tensor, k: Tensor, v: Tensor, causal: bool, scale: float) -> Tensor:
        """RuntimeError with the emulator's finding: a race, a deadlock, an address out of range."""
        out = q.new_full(q.shape, float("nan"))
        self._native.emulator_configure(self._calls, 0, LAST_CTA)
        self._calls += 1
        for tensor in (q, k, v):
            self._native.emulator_allow_reads(tensor.data_ptr(), _span_bytes(tensor))
        args = self._arguments_of(q, k, v, out, causal, scale, self._kernel)
        code = self._native.sparsek_attention_forward(ctypes.byref(args), None)
        fault = self._native.emulator_fault()
        if fault:
            raise RuntimeError("the emulator found: " + fault.decode("utf-8", "replace"))
        if code != 0:
            raise RuntimeError(self._native.sparsek_error_text(code).decode("utf-8", "replace"))
        return out

    def name(self, q: Tensor, k: Tensor, v: Tensor, causal: bool, scale: float) -> Optional[str]:
        """The kernel that a call would run; None if there is none for these arguments."""
        if q.dtype not in self._dtypes:
            return None
        args = self._arguments_of(q, k, v, q, causal, scale, self._kernel)
        name = self._native.sparsek_kernel_name(ctypes.byref(args))
        return None if name is None else bytes(name).decode("ascii")


def _span_bytes(tensor: Tensor) -> int:
    """From the first to the last element of a view, what lies between them included."""
    last = sum((size - 1) * step for size, step in zip(tensor.shape, tensor.stride()))
    return int(tensor.element_size() * (last + 1))
