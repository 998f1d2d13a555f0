"""The CUDA sources of a torch extension where no GPU is: compiled by our one compiler, not linked.

torch would link what it compiles against libraries that a torch without CUDA does not have.
"""

from __future__ import annotations

import hashlib
import os
import re
from pathlib import Path
from typing import Any, Dict, Iterator, List, Tuple

from remote_payload.compiling import libraries
from remote_payload.compiling.errors import CompileError, NoCompiler
from remote_payload.compiling.libraries import Order
from remote_payload.compiling.telling import compiling
from remote_payload.contract import codec
from remote_payload.contract.tools.toolchain import Toolchain
from remote_payload.operators.loaded import CannotRun
from remote_payload.operators.setting import Setting

PREFIX, SOURCES = "extension-", "sources"
USUAL_ARCH = "sm_90a"
# As torch calls nvcc: torch.utils.cpp_extension, COMMON_NVCC_FLAGS; and to tell what spills.
_FLAGS = (
    "-Xcompiler", "-fPIC", "-std=c++17", "-O3", "--expt-relaxed-constexpr",
    "-D__CUDA_NO_HALF_OPERATORS__", "-D__CUDA_NO_HALF_CONVERSIONS__",
    "-D__CUDA_NO_BFLOAT16_CONVERSIONS__", "-D__CUDA_NO_HALF2_OPERATORS__",
    "-Xptxas", "-v,--warn-on-spills",
)  # fmt: skip
_STD = re.compile(r"-?-std=")
# Headers that only a torch with CUDA brings along.
_OF_CUDA_TORCH = re.compile(r"\b(?:c10|ATen|torch)/\S*cuda\S*: No such file|cuda_cmake_macros")


def holds_cuda(given: Dict[str, Any]) -> bool:
    """Whether a call of load or load_inline, by its arguments, compiles CUDA."""
    return bool(given.get("cuda_sources") or given.get("with_cuda") or _files(given))


def compile_only(given: Dict[str, Any], setting: Setting, toolchain: Toolchain) -> str:
    """Compile every CUDA source of the call; what and how, in words. CompileError, CannotRun."""
    what, arch, release = f"the CUDA sources of {given['name']}", setting.arch or USUAL_ARCH, "none"
    with compiling(what, setting.compile_limit_s) as told:
        for order in _orders(given, setting, toolchain):
            try:
                made = libraries.make(order, arch, setting.compile_limit_s)
            except NoCompiler as exc:
                raise CannotRun(f"not compiled: there is {exc} here for {what}") from exc
            except CompileError as exc:
                if _OF_CUDA_TORCH.search(str(exc)):
                    raise CannotRun(f"not compiled: torch has no CUDA here ({exc})") from exc
                raise
            told.append(made.compilation)
            release = f"nvcc {made.nvcc} for {made.arch}"
    return f"{what}, {release}"


def _orders(given: Dict[str, Any], setting: Setting, toolchain: Toolchain) -> Iterator[Order]:
    """One for each source: all of them have to compile, and none is linked with another."""
    builds, root = Path(setting.builds), Path(setting.root)
    for unit in (*_files(given), *_inline(given, builds)):
        folder = os.path.dirname(os.path.relpath(unit, str(root)))
        folder = "" if folder.startswith("..") else folder
        units, home = (_inside(unit, root),), toolchain.cuda_home
        yield Order(root, builds, units, _flags(given), PREFIX, folder, home)


def _flags(given: Dict[str, Any]) -> Tuple[str, ...]:
    from torch.utils.cpp_extension import include_paths

    said = tuple(map(str, given.get("extra_cuda_cflags") or ()))
    ours = tuple(word for word in _FLAGS if not (_STD.match(word) and any(map(_STD.match, said))))
    folders = [*(given.get("extra_include_paths") or ()), *include_paths()]
    name = f"-DTORCH_EXTENSION_NAME={given['name']}"
    # Nobody calls what is made here: what another source defines may be missing.
    return (*ours, name, *(word for each in folders for word in ("-I", str(each))), *said)


def _files(given: Dict[str, Any]) -> List[str]:
    named = given.get("sources") or ()
    files = [named] if isinstance(named, (str, Path)) else named
    return [os.path.abspath(str(each)) for each in files if str(each).endswith((".cu", ".cuh"))]


def _inline(given: Dict[str, Any], builds: Path) -> List[str]:
    """The texts of load_inline as one file, as torch writes it."""
    texts = given.get("cuda_sources") or ()
    texts = [texts] if isinstance(texts, str) else list(texts)
    if not texts:
        return []
    implied = ["#include <torch/types.h>", "#include <cuda.h>", "#include <cuda_runtime.h>"]
    text = "\n".join([*([] if given.get("no_implicit_headers") else implied), *texts, ""])
    name = f"{hashlib.sha256(text.encode()).hexdigest()[:16]}.cu"
    path = builds / SOURCES / name
    path.parent.mkdir(parents=True, exist_ok=True)
    codec.write_atomic(path, text)
    return [str(path)]


def _inside(unit: str, root: Path) -> str:
    relative = os.path.relpath(unit, str(root))
    return unit if relative.startswith("..") else relative
