"""C++ and CUDA sources that are compiled as a whole, with a function in them that Python calls.

All sources in the target's folder are one library: a torch extension, or one of apache-tvm-ffi,
whose functions take tensors of any framework. Both are kept and bounded as torch's extensions are.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import importlib
import os
import re
import sys
from pathlib import Path
from typing import Any, Dict, List, Tuple

from remote_payload.contract.request import Provider
from remote_payload.contract.words import Binding
from remote_payload.operators.loaded import BadTarget, CannotRun, CompiledOnly, Loaded
from remote_payload.operators.setting import Setting
from remote_payload.providers import extension_cuda, torch_extension
from remote_payload.providers.torch_extension import Build

Tensor = Any
COMPILED = (".cu", ".cpp", ".cc", ".cxx", ".c")
_DIGITS = 16


def load(provider: Provider, setting: Setting) -> Loaded:
    """The function as a provider. BadTarget, CompileError, CannotRun, CompiledOnly."""
    place, _, function = (provider.target or "").rpartition(":")
    root = Path(setting.root)
    folder = _folder_of(provider.name, place)
    sources = sorted(str(path) for path in (root / folder).rglob("*") if path.suffix in COMPILED)
    if not (root / place).is_file() or not sources:
        raise BadTarget(f"there is no file {place}")
    name = f"{re.sub(r'[^A-Za-z0-9_]', '_', provider.name)}_{_digest(sources)[:8]}"
    given = {"name": name, "sources": sources, "extra_include_paths": [str(root / folder)]}
    build = Build(setting, provider.toolchain, folder)
    make = _of_torch if provider.binding is Binding.TORCH else _of_tvm
    module, how = make(given, build)
    call = getattr(module, function, None)
    if not callable(call):
        raise BadTarget(f"{Path(place).name} binds no function {function!r}")
    said = f"{provider.target}, sources sha256 {_digest(sources)}, {how}"
    return Loaded(call, contextlib.nullcontext, lambda *_, **__: said, users=True)


def _folder_of(name: str, place: str) -> str:
    """The provider's own folder in the snapshot: a source may stand further down."""
    parts = Path(place).parts
    above = parts[: parts.index(name) + 1] if name in parts[:-1] else parts[:-1]
    return str(Path(*above)) if above else ""


def _of_torch(given: Dict[str, Any], build: Build) -> Tuple[Any, str]:
    import torch
    from torch.utils import cpp_extension

    torch_extension.watch(build.setting.builds)
    with torch_extension.extensions_of(build):
        module = cpp_extension.load(**given)
    return module, f"bound by torch {torch.__version__}"


def _of_tvm(given: Dict[str, Any], build: Build) -> Tuple[Any, str]:
    try:
        # By their names, as with all that a host may lack.
        tvm_ffi: Any = importlib.import_module("tvm_ffi")
        cpp: Any = importlib.import_module("tvm_ffi.cpp")
        libinfo: Any = importlib.import_module("tvm_ffi.libinfo")
    except ImportError as exc:
        how = f"{sys.executable} -m pip install apache-tvm-ffi"
        raise CannotRun(f"not present: apache-tvm-ffi; install it there: {how}") from exc
    version = tvm_ffi.__version__
    if extension_cuda.holds_cuda(given) and build.setting.device != "cuda":
        folders = libinfo.include_paths()
        given = {**given, "extra_include_paths": [*given["extra_include_paths"], *folders]}
        how = extension_cuda.compile_only(given, build.setting, build.toolchain)
        raise CompiledOnly(f"compiled, not run: no GPU here ({how})")

    def tvm_ffi_build(**more: Any) -> Any:
        return tvm_ffi.load_module(cpp.build(**more))

    opened = functools.partial(_opened, tvm_ffi)
    module = torch_extension.kept_or_made(tvm_ffi_build, given, build, opened)
    return module, f"bound by tvm-ffi {version}"


def _opened(tvm_ffi: Any, library: Path) -> Any:
    return tvm_ffi.load_module(str(library))


def _digest(sources: List[str]) -> str:
    whole = hashlib.sha256()
    for path in sources:
        whole.update(os.path.basename(path).encode() + b"\0" + Path(path).read_bytes())
    return whole.hexdigest()[:_DIGITS]
