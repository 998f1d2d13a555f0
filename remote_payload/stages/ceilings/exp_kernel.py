"""The one kernel of the ceilings, csrc/ceilings/exp.cu: compiled at first use, called by ctypes."""

from __future__ import annotations

import ctypes
import shutil
from pathlib import Path
from typing import Tuple

from remote_payload.compiling import compiler
from remote_payload.compiling.compilations import Compilations
from remote_payload.compiling.kept import Kept
from remote_payload.contract import compiler_words
from remote_payload.contract.words import Status
from remote_payload.machine import toolkit

SOURCE = "csrc/ceilings/exp.cu"
FLAGS = ("-Xcompiler", "-fPIC", "-cudart", "static", "-O3", "-std=c++17", "-I", "csrc")
COMPILE_LIMIT_S = 120.0
PREFIX = "exp-"
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
    try:
        found = toolkit.find()
    except toolkit.NotWhereNamed as exc:
        raise CompileError(str(exc)) from exc
    except toolkit.NoToolkit as exc:
        raise NoCompiler("no nvcc") from exc
    nvcc, _, problem = compiler.known(found, sources, limit_s)
    if nvcc is None:
        raise CompileError(problem)
    kept, arch = Kept(builds, sources), toolkit.arch_of(capability)
    made = Compilations(nvcc, kept, FLAGS, (SOURCE,), limit_s)
    name = Compilations.library(arch)
    folder = kept.find(PREFIX, made.recipe(arch), name) or _made(made, arch)
    return str((folder / name).resolve())


def _made(made: Compilations, arch: str) -> Path:
    partial = made.kept.partial(PREFIX)
    try:
        (one,) = made.all((arch,), partial, lambda *_: None)
        if one.status is not Status.OK:
            why = compiler_words.placed(compiler_words.cause(one.log))
            raise CompileError(f"{SOURCE} does not compile: {why}")
        return made.kept.publish(partial, PREFIX, made.recipe(arch), made.read, made.searched)
    finally:
        shutil.rmtree(str(partial), ignore_errors=True)


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
