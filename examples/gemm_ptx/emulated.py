"""gemm.cu on this CPU, by the emulator: right or wrong under any order of threads, never timed."""

import ctypes
from pathlib import Path

import torch
from torch.utils.cpp_extension import load

from remote_payload.compiling.emulation import SOURCES
from remote_payload.operators.loaded import EmulatedCall

UNSUPPORTED, LAST_CTA = -1, 2**32 - 1
CSRC = SOURCES / "csrc"


def library():
    """emulated.cpp and the emulator, compiled at first use and kept."""
    units = [Path(__file__).with_name("emulated.cpp"), *sorted(CSRC.glob("emulator/*.cpp"))]
    path = load(
        "gemm_emulated",
        [str(unit) for unit in units],
        extra_cflags=["-O1"],
        extra_include_paths=[str(CSRC), str(CSRC / "emulator")],
        is_python_module=False,
    )
    native = ctypes.CDLL(path)
    native.gemm.argtypes = (*(ctypes.c_void_p,) * 3, *(ctypes.c_longlong,) * 3, ctypes.c_void_p)
    native.emulator_configure.argtypes = (ctypes.c_uint64, ctypes.c_uint, ctypes.c_uint)
    native.emulator_allow_reads.argtypes = (ctypes.c_void_p, ctypes.c_uint64)
    native.emulator_fault.restype = ctypes.c_char_p
    return native


class Gemm(EmulatedCall):
    """A of [M, K] times B of [K, N]. Each call draws another order of threads and copies."""

    def __init__(self):
        self._native, self._calls = library(), 0

    def __call__(self, a, b):
        if a.dtype != torch.float16:
            raise NotImplementedError("it is compiled for fp16")
        (rows, depth), columns = a.shape, b.shape[1]
        out = a.new_full((rows, columns), float("nan"))
        self._native.emulator_configure(self._calls, 0, LAST_CTA)
        self._calls += 1
        for tensor in (a, b):
            self._native.emulator_allow_reads(tensor.data_ptr(), tensor.numel() * a.element_size())
        pointers = (tensor.data_ptr() for tensor in (a, b, out))
        code = self._native.gemm(*pointers, rows, columns, depth, None)
        if code == UNSUPPORTED:
            raise NotImplementedError("N and K have to be multiples of 8")
        if fault := self._native.emulator_fault().decode():
            raise RuntimeError(f"the emulator found: {fault}")
        if code:
            raise RuntimeError(f"cudaError {code}")
        return out


gemm = Gemm()
