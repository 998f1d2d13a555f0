"""hopper_probe.cu over the emulator, and memory layouts written down from the PTX ISA's tables."""

from __future__ import annotations

import ctypes
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from tests.kernels.emulated import LAST_CTA, compile_kernels, emulator_alone

PROBE = Path(__file__).with_name("hopper_probe.cu")
Words = npt.NDArray[np.uint16]


class Tile(ctypes.Structure):
    """probes::Tile: an operand's descriptor; offset counts bytes from the probes' data."""

    _fields_ = (
        ("offset", ctypes.c_uint32),
        ("leading_bytes", ctypes.c_uint32),
        ("stride_bytes", ctypes.c_uint32),
        ("swizzle", ctypes.c_int),
    )


def load_probe(folder: Path, objects: tuple[str, ...]) -> ctypes.CDLL:
    """The probe as a library, on the seed that lets nothing land before it has to."""
    target = compile_kernels(PROBE, folder / "hopper_probe.so", emulator_alone(objects))
    native = ctypes.CDLL(str(target))
    native.emulator_fault.restype = ctypes.c_char_p
    native.emulator_configure.argtypes = (ctypes.c_uint64, ctypes.c_uint, ctypes.c_uint)
    native.emulator_configure(1, 0, LAST_CTA)
    return native


def at(array: npt.NDArray[np.generic]) -> ctypes.c_void_p:
    """The array's address; it must be contiguous and outlive the call."""
    assert array.flags.c_contiguous
    return ctypes.c_void_p(array.ctypes.data)


def aligned(shape: tuple[int, ...], dtype: type[np.generic] = np.uint16) -> npt.NDArray[np.generic]:
    """Zeros at a 1024-byte aligned address."""
    size = int(np.prod(shape)) * np.dtype(dtype).itemsize
    room = np.zeros(size + 1024, np.uint8)
    start = -room.ctypes.data % 1024
    return room[start : start + size].view(dtype).reshape(shape)


# Bits 62-63 of the descriptor, for a swizzle of so many bytes. 16: none.
DESCRIPTOR_SWIZZLE = {16: 0, 128: 1, 64: 2, 32: 3}
# CUtensorMapSwizzle.
MAP_SWIZZLE = {16: 0, 32: 1, 64: 2, 128: 3}


def swizzle(address: int, width: int) -> int:
    """Where the byte of an unswizzled address lies: 16-byte pieces of 128-byte lines exchanged.

    https://docs.nvidia.com/cuda/parallel-thread-execution/#tensor-swizzling-modes
    """
    line, piece, byte = address // 128, address // 16 % 8, address % 16
    return line * 128 + (piece ^ line % (width // 16)) * 16 + byte


@dataclass(frozen=True)
class Layout:
    """How an operand of wgmma lies in shared memory. width: of the swizzle; offset: of its start."""

    width: int
    mn_major: bool
    leading_bytes: int
    stride_bytes: int
    offset: int = 0

    def place(self, outer: int, k: int) -> int:
        """The byte where element (outer, k) lies. outer: m of A, n of B. 8 elements are 16 bytes.

        Canonical layouts of
        https://docs.nvidia.com/cuda/parallel-thread-execution/#asynchronous-warpgroup-level-matrix-shared-memory-layout
        """
        lbo, sbo, w = self.leading_bytes, self.stride_bytes, self.width
        if self.mn_major and w == 16:
            where = outer % 8 * 2 + outer // 8 * sbo + k % 8 * 16 + k // 8 * lbo
        elif self.mn_major:
            atom = w // 2
            where = outer % atom * 2 + outer // atom * lbo + k % 8 * w + k // 8 * sbo
        elif w == 16:
            where = outer % 8 * 16 + outer // 8 * sbo + k % 8 * 2 + k // 8 * lbo
        else:
            where = outer % 8 * w + outer // 8 * sbo + k * 2
        return swizzle(self.offset + where, w)

    def tile(self) -> Tile:
        """The same as the probe wants it."""
        swizzle_field = DESCRIPTOR_SWIZZLE[self.width]
        return Tile(self.offset, self.leading_bytes, self.stride_bytes, swizzle_field)

    def write(self, image: Words, matrix: Words) -> None:
        """Put matrix[outer][k] where it lies; no two elements may meet."""
        for outer, k in np.ndindex(matrix.shape):
            where = self.place(outer, k) // 2
            assert image[where] == UNTOUCHED, "the test's layout overlaps itself"
            image[where] = matrix[outer, k]


UNTOUCHED = 0x7BFF  # 65504: would show in any product
