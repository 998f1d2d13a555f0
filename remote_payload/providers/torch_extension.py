"""torch.utils.cpp_extension as a user's file calls it: kept under builds, bounded, and told.

`load` and `load_inline` of a provider's file are ours: what torch would compile into a cache of the
login's home is found again by the key of every compile here, and one that hangs is ended. Whether
they are called while the file is imported or at the first call makes no difference.
"""

from __future__ import annotations

import contextlib
import importlib.util
import inspect
import json
import os
import shutil
import sys
import threading
from dataclasses import dataclass
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType
from typing import Any, Callable, Dict, Iterator, List, Optional, Sequence

from remote_payload.compiling import compiler
from remote_payload.compiling.errors import CompiledTooLong, CompileError
from remote_payload.compiling.kept import Kept, digest
from remote_payload.compiling.telling import compiling
from remote_payload.contract.tools import compiler_words
from remote_payload.contract.tools.toolchain import Toolchain
from remote_payload.machine import toolkit
from remote_payload.operators.loaded import CannotRun, CompiledOnly
from remote_payload.operators.setting import Setting
from remote_payload.processes import job_processes
from remote_payload.processes.bounded import spoken
from remote_payload.processes.places import hidden
from remote_payload.providers import extension_cuda, extension_inputs

MODULE = "torch.utils.cpp_extension"
PREFIX = "torch-"
_WRAPPED = ("load", "load_inline")
# What names where and how loudly, not what is made.
_NOT_KEYED = ("build_directory", "verbose", "keep_intermediates")
# By which torch takes another compiler for CUDA sources than it finds.
_COMPILERS = ("CC", "PYTORCH_NVCC")


@dataclass(frozen=True)
class Build:
    """For whom is compiled. folder: the provider's in the snapshot; empty if it has none."""

    setting: Setting
    toolchain: Toolchain = Toolchain()
    folder: str = ""


_CURRENT: List[Build] = []


@contextlib.contextmanager
def extensions_of(build: Build) -> Iterator[None]:
    """Whatever is compiled meanwhile by cpp_extension is this provider's."""
    _CURRENT.append(build)
    try:
        yield
    finally:
        _CURRENT.pop()


def watch(builds: str) -> None:
    """Have cpp_extension compile by our rules, once it is imported; until then, cost nothing.

    What packages compile in ways that are not ours is kept below `builds` as well.
    """
    if builds:
        os.environ.setdefault("TORCH_EXTENSIONS_DIR", os.path.join(builds, "torch_extensions"))
    found = sys.modules.get(MODULE)
    if found is not None:
        _wrap(found)
    elif not any(isinstance(finder, _Finder) for finder in sys.meta_path):
        sys.meta_path.insert(0, _Finder())


class _Finder(MetaPathFinder):
    """Finds cpp_extension as others do, and wraps what it holds when it has been executed."""

    def find_spec(
        self,
        fullname: str,
        path: Optional[Sequence[str]] = None,
        target: Optional[ModuleType] = None,
    ) -> Optional[ModuleSpec]:
        if fullname != MODULE:
            return None
        sys.meta_path.remove(self)
        spec = importlib.util.find_spec(fullname)
        if spec is not None and spec.loader is not None:
            execute = spec.loader.exec_module

            def exec_module(module: ModuleType) -> None:
                execute(module)
                _wrap(module)

            setattr(spec.loader, "exec_module", exec_module)  # noqa: B010
        return spec


def _wrap(module: ModuleType) -> None:
    for name in _WRAPPED:
        function = getattr(module, name)
        if not isinstance(function, _Call):
            setattr(module, name, _Call(function))


class _Call:
    """One of torch's functions, called by whoever is current."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self._function = function
        self.__name__, self.__doc__ = function.__name__, function.__doc__

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """What torch returns. CompileError, CompiledTooLong, CompiledOnly, CannotRun."""
        bound = inspect.signature(self._function).bind(*args, **kwargs)
        bound.apply_defaults()
        given: Dict[str, Any] = bound.arguments
        if not _CURRENT or not _CURRENT[-1].setting.builds or given.get("is_standalone"):
            return self._function(*args, **kwargs)
        build = _CURRENT[-1]
        _add(given, build)
        if extension_cuda.holds_cuda(given) and build.setting.device != "cuda":
            how = extension_cuda.compile_only(given, build.setting, build.toolchain)
            raise CompiledOnly(f"compiled, not run: no GPU here ({how})")
        python = bool(given["is_python_module"])
        return kept_or_made(self._function, given, build, lambda library: _opened(library, python))


def _add(given: Dict[str, Any], build: Build) -> None:
    """The words of the provider's toolchain, behind those of its file."""
    said, root = build.toolchain, build.setting.root
    defines = [f"-D{each}" for each in said.defines]
    compiler_flag = ["-ccbin", said.host_compiler] if said.host_compiler else []
    more = {
        "extra_include_paths": [os.path.join(root, folder) for folder in said.include],
        "extra_cflags": defines,
        "extra_cuda_cflags": [*compiler_flag, *defines, *said.flags],
    }
    for key, words in more.items():
        given[key] = [*(given.get(key) or ()), *words]


def kept_or_made(
    function: Callable[..., Any],
    given: Dict[str, Any],
    build: Build,
    opened: Callable[[Path], Any],
) -> Any:
    """What `function` returns, or `opened` of the library that it made before of the same.

    function: takes `given` and a build_directory, in which it leaves a library.
    """
    setting = build.setting
    kept = Kept(Path(setting.builds), Path(setting.root), build.folder)
    recipe = _recipe(function.__name__, given, build)
    found = kept.find(PREFIX, recipe)
    libraries = sorted(found.glob("*.so")) if found else []
    if libraries:
        return opened(libraries[0])
    partial = kept.partial(PREFIX)
    try:
        with compiling(f"the extension {given['name']}", setting.compile_limit_s):
            made = _made(function, given, build, partial)
        read = extension_inputs.read(given, partial, kept)
        for path in partial.iterdir():
            if path.suffix != ".so":
                path.unlink()
        with contextlib.suppress(OSError):  # no room to keep it; what was made is loaded already
            kept.publish(partial, PREFIX, recipe, read, extension_inputs.searched(given))
        return made
    finally:
        shutil.rmtree(str(partial), ignore_errors=True)


def _made(function: Callable[..., Any], given: Dict[str, Any], build: Build, partial: Path) -> Any:
    """What torch returns, compiled in `partial` within the limit; all its compilers are ended."""
    limit_s, name, late = build.setting.compile_limit_s, given["name"], threading.Event()
    before = set(job_processes.below(os.getpid()))

    def end() -> None:
        late.set()
        job_processes.kill_below(os.getpid(), before)

    timer = threading.Timer(limit_s, end)
    timer.daemon = True
    timer.start()
    try:
        with _environment(build.toolchain):
            return function(**{**given, "build_directory": str(partial)})
    except (RuntimeError, OSError, ImportError) as exc:
        if late.is_set():
            what = f"{name} was not compiled within {spoken(limit_s)}"
            raise CompiledTooLong(f"{what}; its compilers were ended") from exc
        raise _failure(exc, name, (str(partial), build.setting.root)) from exc
    finally:
        timer.cancel()


def _failure(exc: Exception, name: str, folders: Sequence[str]) -> Exception:
    """What is to be said of an extension that could not be made."""
    text = str(exc)
    for folder in folders:
        text = text.replace(f"{folder}/", "")
    if "Ninja is required" in text:
        how = f"{sys.executable} -m pip install ninja, and its folder on the PATH"
        return CannotRun(f"not present: ninja, with which torch compiles {name}; {how}")
    if "CUDA_HOME environment variable is not set" in text:
        return CannotRun(f"not compiled: there is no nvcc here for the CUDA sources of {name}")
    if isinstance(exc, ImportError):
        return CompileError(f"{name} was compiled and cannot be loaded: {text.splitlines()[0]}")
    print(hidden(text), file=sys.stderr, flush=True)
    why = compiler_words.placed(compiler_words.cause(text))
    return CompileError(f"{name} does not compile: {why}")


@contextlib.contextmanager
def _environment(toolchain: Toolchain) -> Iterator[None]:
    """torch takes its host compiler and its toolkit from variables, the latter once."""
    new = {"CXX": toolchain.host_compiler, "CUDA_HOME": toolchain.cuda_home}
    old = {name: os.environ.get(name) for name in new}
    module = sys.modules.get(MODULE)
    home = getattr(module, "CUDA_HOME", None)
    os.environ.update({name: value for name, value in new.items() if value})
    if toolchain.cuda_home and module is not None:
        setattr(module, "CUDA_HOME", toolchain.cuda_home)  # noqa: B010
    try:
        yield
    finally:
        if module is not None:
            setattr(module, "CUDA_HOME", home)  # noqa: B010
        for name, value in old.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def _recipe(function: str, given: Dict[str, Any], build: Build) -> str:
    """All that decides what is made, but for the bytes of the files."""
    import torch

    said = {key: value for key, value in given.items() if key not in _NOT_KEYED}
    text = json.dumps(said, sort_keys=True, default=str).replace(f"{build.setting.root}/", "")
    host = build.toolchain.host_compiler or os.environ.get("CXX") or "c++"
    path = shutil.which(host) or host
    facts = [function, text, torch.__version__, sys.version, *compiler.stamp(path)]
    facts += [compiler.said_by(path), *compiler.environment(), os.environ.get("CFLAGS", "")]
    if extension_cuda.holds_cuda(given):
        nvcc = os.path.join(build.toolchain.cuda_home, "bin/nvcc")
        nvcc = nvcc if build.toolchain.cuda_home else toolkit.nvcc_program() or ""
        facts += [*compiler.stamp(nvcc), toolkit.version(nvcc)[0] if nvcc else ""]
        facts += [os.environ.get("TORCH_CUDA_ARCH_LIST", ""), str(_capability(torch))]
        for name, program in compiler.in_force(_COMPILERS):
            facts += [name, program, *compiler.stamp(shutil.which(program) or program)]
    return digest(json.dumps(facts))


def _capability(torch: Any) -> Any:
    return torch.cuda.get_device_capability() if torch.cuda.is_available() else None


def _opened(library: Path, is_python_module: bool) -> Any:
    """A library that was made before, as torch gives it."""
    import torch

    if not is_python_module:
        torch.ops.load_library(str(library))
        return str(library)
    spec = importlib.util.spec_from_file_location(library.stem, str(library))
    if spec is None or spec.loader is None:
        raise CompileError(f"{library.name} cannot be loaded")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
