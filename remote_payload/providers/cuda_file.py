"""A plain .cu file with a C entry point: compiled by our one compiler, and called with pointers."""

from __future__ import annotations

import contextlib
import ctypes
import hashlib
from functools import lru_cache
from pathlib import Path
from typing import Any, Dict, Tuple

from remote_payload.compiling import compiler, libraries
from remote_payload.compiling.errors import CompileError, NoCompiler
from remote_payload.compiling.libraries import Made, Order
from remote_payload.compiling.telling import compiling
from remote_payload.contract import codec
from remote_payload.contract.case import Case
from remote_payload.contract.request import Provider
from remote_payload.contract.tools.toolchain import Toolchain
from remote_payload.machine import toolkit
from remote_payload.operators.loaded import (
    BadTarget,
    CannotRun,
    CompiledOnly,
    Form,
    Loaded,
    unfitted,
)
from remote_payload.operators.setting import Setting
from remote_payload.providers import c_interface

SUFFIX = ".cu"
FLAGS = (
    "-Xcompiler", "-fPIC", "-cudart", "static", "-O3", "-std=c++17", "-lineinfo",
    "-Xptxas", "-v,--warn-on-spills",
)  # fmt: skip
# Where there is no device to ask, and nobody said what to compile for.
USUAL_ARCH = "sm_90a"
PREFIX, HEADERS = "provider-", "headers"
_DIGITS = 16


def load(provider: Provider, setting: Setting) -> Loaded:
    """The function as a provider, compiled at the first call of each element type.

    CompiledOnly, CannotRun and CompileError come with that call; BadTarget at once.
    """
    place, _, entry = (provider.target or "").rpartition(":")
    path = (Path(setting.root) / place).resolve()
    if not path.is_file():
        raise BadTarget(f"there is no file {place}")
    if not entry.isidentifier():
        raise BadTarget(f"{provider.target!r} is not file.cu:function")
    content = hashlib.sha256(path.read_bytes()).hexdigest()[:_DIGITS]
    name = f"{provider.target}, file sha256 {content}"
    fitted: Dict[Case, Loaded] = {}

    def fit(form: Form) -> Loaded:
        if form.case not in fitted:
            fitted[form.case] = _fit(form, name, (place, entry), provider.toolchain, setting)
        return fitted[form.case]

    return Loaded(unfitted, contextlib.nullcontext, unfitted, users=True, fit=fit)


def _fit(
    form: Form, name: str, what: Tuple[str, str], toolchain: Toolchain, setting: Setting
) -> Loaded:
    made = _compiled(form, what, toolchain, setting)
    how = f"nvcc {made.nvcc} for {made.arch}"
    words = (*toolchain.words, *compiler.environment())
    how += f" with {' '.join(words)}" if words else ""
    native = _entry(made.path, form, what)
    if setting.device != "cuda":
        raise CompiledOnly(f"compiled, not run: no GPU here ({how})")
    name = f"{name}, {how}, host compiler {made.host or 'not told'}"
    call = c_interface.Entry(native, form, _stream, _wrong)
    return Loaded(call, contextlib.nullcontext, lambda *_, **__: name, users=True)


def _compiled(form: Form, what: Tuple[str, str], toolchain: Toolchain, setting: Setting) -> Made:
    place, entry = what
    declared = c_interface.prototype(form, entry)
    arch, builds = _arch(setting), Path(setting.builds)
    try:
        header = _header(c_interface.header(form, entry), builds)
        flags = (*FLAGS, "-include", str(header), *toolchain.words)
        folder = str(Path(place).parent)
        root, home = Path(setting.root), toolchain.cuda_home
        order = Order(root, builds, (place,), flags, PREFIX, folder, home)
        with compiling(place, setting.compile_limit_s) as told:
            made = libraries.make(order, arch, setting.compile_limit_s)
            told.append(made.compilation)
            return made
    except NoCompiler as exc:
        raise CannotRun(f"not compiled: there is {exc} here") from exc
    except CompileError as exc:
        if c_interface.differs(str(exc)):
            name = form.operator.name
            raise CompileError(f"{exc}; {name} calls it as: {declared}") from exc
        raise
    except OSError as exc:
        raise CompileError(f"cannot keep a build under {builds}: {exc.strerror or exc}") from exc


def _header(text: str, builds: Path) -> Path:
    """A file of its own for each text, so that its path in the key says all of it."""
    digest = hashlib.sha256(text.encode()).hexdigest()[:_DIGITS]
    path = builds / HEADERS / f"{digest}.h"
    if not path.is_file() or path.read_text("utf-8") != text:
        path.parent.mkdir(parents=True, exist_ok=True)
        codec.write_atomic(path, text)
    return path


def _entry(library: Path, form: Form, what: Tuple[str, str]) -> Any:
    place, entry = what
    try:
        return getattr(ctypes.CDLL(str(library)), entry)
    except AttributeError as exc:
        declared = c_interface.prototype(form, entry)
        raise CompileError(f"{place} defines no {entry}; expected {declared}") from exc
    except OSError as exc:
        raise CompileError(f"what {place} was made into cannot be loaded: {exc}") from exc


def _arch(setting: Setting) -> str:
    if setting.device != "cuda":
        return setting.arch or USUAL_ARCH
    return _device_arch()


@lru_cache(maxsize=1)
def _device_arch() -> str:
    import torch

    return toolkit.arch_of(torch.cuda.get_device_capability())


def _stream() -> int:
    import torch

    return int(torch.cuda.current_stream().cuda_stream)


def _wrong(code: int) -> str:
    """In the runtime's own words, as torch has them."""
    import torch

    return str(torch.cuda.CudaError(code))
