"""hopper_probe.cu over the emulator, and memory layouts written down from the PTX ISA's tables."""

from __future__ import annotations

import ctypes
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch

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


def aligned(shape: tuple[int, ...]) -> Words:
    """Zeros at a 1024-byte aligned address, as tensors on a GPU start."""
    count = int(np.prod(shape))
    room = np.zeros(count + 512, np.uint16)
    start = -room.ctypes.data % 1024 // 2
    return room[start : start + count].reshape(shape)


def bits(values: npt.NDArray[np.float32], bf16: bool) -> Words:
    """As FP16 or BF16 patterns."""
    dtype = torch.bfloat16 if bf16 else torch.float16
    signed: npt.NDArray[np.int16] = torch.from_numpy(values).to(dtype).view(torch.int16).numpy()
    return signed.view(np.uint16)


def small_integers(*shape: int, seed: int) -> npt.NDArray[np.float32]:
    """From -4 to 4: sums of products are exact in FP32 in any order."""
    return np.random.default_rng(seed).integers(-4, 5, shape).astype(np.float32)


TensorMap = ctypes.Array[ctypes.c_char]


def encode(
    probe: ctypes.CDLL,
    tensor: Words,
    sizes: list[int],
    strides: list[int],
    box: list[int],
    width: int,
    base: int = 0,
) -> tuple[int, TensorMap]:
    """The driver's answer and a tensor map; all innermost first, strides in bytes, from 1 on.

    base: where in the tensor the map starts, in bytes; width: of the swizzle, 16 for none.
    """
    room = ctypes.create_string_buffer(128 + 64)
    made = (ctypes.c_char * 128).from_buffer(room, -ctypes.addressof(room) % 64)
    code: int = probe.probe_encode(
        made,
        ctypes.c_void_p(tensor.ctypes.data + base),
        len(sizes),
        (ctypes.c_uint64 * 5)(*sizes),
        (ctypes.c_uint64 * 5)(*strides),
        (ctypes.c_uint32 * 5)(*box),
        MAP_SWIZZLE[width],
    )
    return code, made


def tensor_map(
    probe: ctypes.CDLL,
    tensor: Words,
    sizes: list[int],
    strides: list[int],
    box: list[int],
    width: int,
) -> TensorMap:
    """encode() that must succeed."""
    code, made = encode(probe, tensor, sizes, strides, box, width)
    assert code == 0, code
    return made


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


def unswizzled(dump: Words, width: int) -> Words:
    """A dump of shared memory in the order it would have without a swizzle."""
    where = [swizzle(2 * i, width) // 2 for i in range(dump.size)]
    return dump.reshape(-1)[where]


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
