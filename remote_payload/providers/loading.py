"""Providers by name: what to call, and the proof of what is called. Never a fallback."""

from __future__ import annotations

import contextlib
import hashlib
import importlib
import sys
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import ContextManager, Iterator

from remote_payload.contract.request import Provider
from remote_payload.operators import provider_file, torch_settings
from remote_payload.operators.loaded import BadTarget, CannotRun, EmulatedCall, Loaded, reach
from remote_payload.operators.problem import half_of, operator_of
from remote_payload.operators.setting import Setting
from remote_payload.providers import bound_sources, cuda_file, filling, torch_extension
from remote_payload.providers.torch_extension import Build

__all__ = ["BadTarget", "CannotRun", "Loaded", "load"]

DIGEST_DIGITS = 16
# Packages in which people write kernels: a host without one cannot run these, and says so.
KERNEL_PACKAGES = ("triton", "numba", "cupy", "cutlass", "cuda", "tilelang", "pycuda", "warp")


def load(provider: Provider, setting: Setting) -> Loaded:
    """Make a provider callable; CannotRun, BadTarget, or whatever importing it raises."""
    if provider.target is None:
        half = half_of(operator_of(setting), setting)
        loaded: Loaded = half.load(provider.known_as, setting.of_sources(provider.sources))
        return loaded
    if provider.binding is not None:
        return _called_by(provider, bound_sources.load(provider, setting), "", setting)
    if provider.target.rpartition(":")[0].endswith(cuda_file.SUFFIX):
        return cuda_file.load(provider, setting)
    return _load_python(provider, setting)


def _load_python(provider: Provider, setting: Setting) -> Loaded:
    """A Python function, with whatever it compiles by torch's cpp_extension."""
    target = provider.target or ""
    where = target.rpartition(":")[0]
    folder = str(Path(where).parent) if where.endswith(".py") else ""
    build = Build(setting, provider.toolchain, folder)
    torch_extension.watch(setting.builds)
    half, text = half_of(operator_of(setting), setting), _text(where, setting)
    around = getattr(half, "importing", _nothing_around)
    kept = torch_settings.Kept()
    with _present(build), around(text), kept.importing():
        loaded = _load_target(target, setting, getattr(half, "neighbours_first", False))
    loaded = replace(loaded, within=kept.around(lambda: _present(build)))
    if words := provider.toolchain.words:
        told, how = loaded.implementation, f"compiled with {' '.join(words)}"
        loaded = replace(loaded, implementation=lambda *a, **k: f"{told(*a, **k)}, {how}")
    return _called_by(provider, loaded, text, setting)


def _called_by(provider: Provider, loaded: Loaded, text: str, setting: Setting) -> Loaded:
    """As the operator has its providers called: by a way of its own, else by inputs and names.

    text: of the provider's source.
    """
    adapt = getattr(half_of(operator_of(setting), setting), "adapt", None)
    if adapt is None:
        return replace(loaded, fit=filling.fitting(provider.destination_passing, loaded))
    adapted: Loaded = adapt(loaded, provider.destination_passing, text)
    return adapted


@contextlib.contextmanager
def _present(build: Build) -> Iterator[None]:
    """Around all that runs of a user's file. CannotRun: it needs a package that is not here."""
    try:
        with torch_extension.extensions_of(build):
            yield
    except ModuleNotFoundError as exc:
        package = (exc.name or "").partition(".")[0]
        if package not in KERNEL_PACKAGES:
            raise
        how = f"{sys.executable} -m pip install {package}"
        raise CannotRun(f"not present: {package}; install it there: {how}") from exc


def _nothing_around(_: str) -> ContextManager[None]:
    return contextlib.nullcontext()


def _load_target(target: str, setting: Setting, first: bool) -> Loaded:
    where, colon, function = target.rpartition(":")
    if not colon or not where or not function:
        raise BadTarget(f"{target!r} is not module:function or file.py:function")
    reach(setting.root)
    reach(str(Path(setting.root) / "remote_payload"))
    if where.endswith(".py"):
        module = _from_file(where, setting, first)
    else:
        module = importlib.import_module(where)
    call = getattr(module, function, None)
    if not callable(call):
        what = "class" if function[:1].isupper() else "function"
        raise BadTarget(f"{where} has no {what} {function!r}")
    name = f"{target}, file sha256 {_file_digest(module)}"
    return Loaded(
        call,
        contextlib.nullcontext,
        lambda *_, **__: name,
        emulated=isinstance(call, EmulatedCall),
        users=True,
    )


def _from_file(where: str, setting: Setting, first: bool) -> ModuleType:
    path = (Path(setting.root) / where).resolve()
    if not path.is_file():
        raise BadTarget(f"there is no file {where}")
    return provider_file.load(path, Path(setting.root), first)


def _text(where: str, setting: Setting) -> str:
    """The source of a file; empty where it is none."""
    path = Path(setting.root) / where
    return path.read_text("utf-8", "replace") if where.endswith(".py") and path.is_file() else ""


def _file_digest(module: ModuleType) -> str:
    path = getattr(module, "__file__", None)
    if path is None:
        return "unknown"
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()[:DIGEST_DIGITS]
