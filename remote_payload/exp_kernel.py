"""The one kernel of the ceilings, csrc/ceilings/exp.cu: compiled at first use, called by ctypes."""

from __future__ import annotations

import ctypes
import hashlib
import os
import subprocess
import tempfile
from pathlib import Path
from typing import Tuple

from remote_payload import bounded, build

SOURCE = "csrc/ceilings/exp.cu"
FLAGS = ("-shared", "-Xcompiler", "-fPIC", "-cudart", "static", "-O3", "-std=c++17", "-I", "csrc")
COMPILE_LIMIT_S = 120.0
# enum SparsekExp of csrc/ceilings/exp.h
VALUES_PER_BLOCK, STEPS_PER_PASS = 2048, 4


class CompileError(Exception):
    """The kernel could not be compiled; the text says why."""


class NoCompiler(CompileError):
    """There is no nvcc on this host."""


def library(
    sources: Path, builds: Path, capability: Tuple[int, int], limit_s: float = COMPILE_LIMIT_S
) -> str:
    """Path of the compiled kernel for a device, kept under builds. CompileError, NoCompiler."""
    nvcc = build.nvcc_program()
    if nvcc is None:
        raise NoCompiler("no nvcc")
    arch = build.arch_of(capability)
    target = builds / f"exp-{_key(sources, nvcc, arch)}.so"
    if not target.is_file():
        builds.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=str(builds), suffix=".partial") as folder:
            made = Path(folder).resolve() / "exp.so"
            gencode = f"arch={arch.replace('sm_', 'compute_')},code={arch}"
            argv = [nvcc, *FLAGS, "-gencode", gencode, SOURCE, "-o", str(made)]
            log = Path(folder) / "log.txt"
            ended = bounded.run(argv, log, limit_s, cwd=str(sources))
            if ended.exit_code != 0 or not made.is_file():
                said = log.read_text("utf-8", "replace").strip() or "it said nothing"
                how = ended.why or f"nvcc ended with status {ended.exit_code}"
                raise CompileError(f"{SOURCE} does not compile: {how}: {said[:300]}")
            os.replace(str(made), str(target))
    return str(target.resolve())


class ExpChains:
    """The kernel: x becomes 2^-x again and again."""

    def __init__(self, path: str) -> None:
        self._native = ctypes.CDLL(path)
        self._native.sparsek_exp_chains.argtypes = (
            ctypes.c_void_p,
            ctypes.c_int,
            ctypes.c_int,
            ctypes.c_void_p,
        )

    def __call__(self, values: int, blocks: int, passes: int, stream: int) -> None:
        """Enqueue passes · STEPS_PER_PASS steps for blocks · VALUES_PER_BLOCK floats at `values`.

        RuntimeError with the cudaError_t if the launch is refused.
        """
        code = self._native.sparsek_exp_chains(values, blocks, passes, stream)
        if code != 0:
            raise RuntimeError(f"the launch was refused with cudaError {code}")


def _key(sources: Path, nvcc: str, arch: str) -> str:
    said = subprocess.run([nvcc, "--version"], stdout=subprocess.PIPE, check=False).stdout
    total = hashlib.sha256(said + repr((FLAGS, arch)).encode())
    csrc = sources / "csrc"
    read = [*(csrc / "ceilings").iterdir(), *(csrc / "ptx").iterdir()]
    for path in sorted(path for path in read if path.is_file()):
        total.update(path.name.encode() + b"\0" + path.read_bytes())
    return total.hexdigest()[:16]
