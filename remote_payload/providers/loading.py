"""Providers by name: what to call, and the proof of what is called. Never a fallback."""

from __future__ import annotations

import contextlib
import hashlib
import importlib
from pathlib import Path
from types import ModuleType

from remote_payload.contract.request import Provider
from remote_payload.operators import provider_file
from remote_payload.operators.loaded import CannotRun, EmulatedCall, Loaded, reach
from remote_payload.operators.problem import half_of, operator_of
from remote_payload.operators.setting import Setting

__all__ = ["BadTarget", "CannotRun", "Loaded", "load"]

DIGEST_DIGITS = 16


class BadTarget(Exception):
    """A user's target that does not name a function; the text says what is missing."""


def load(provider: Provider, setting: Setting) -> Loaded:
    """Make a provider callable; CannotRun, BadTarget, or whatever importing it raises."""
    if provider.target is not None:
        return _load_target(provider.target, setting)
    loaded: Loaded = half_of(operator_of(setting), setting).load(provider.name, setting)
    return loaded


def _load_target(target: str, setting: Setting) -> Loaded:
    where, colon, function = target.rpartition(":")
    if not colon or not where or not function:
        raise BadTarget(f"{target!r} is not module:function or file.py:function")
    reach(setting.root)
    reach(str(Path(setting.root) / "remote_payload"))
    module = _from_file(where, setting) if where.endswith(".py") else importlib.import_module(where)
    call = getattr(module, function, None)
    if not callable(call):
        raise BadTarget(f"{where} has no function {function!r}")
    name = f"{target}, file sha256 {_file_digest(module)}"
    return Loaded(
        call,
        contextlib.nullcontext,
        lambda *_, **__: name,
        emulated=isinstance(call, EmulatedCall),
        users=True,
    )


def _from_file(where: str, setting: Setting) -> ModuleType:
    path = (Path(setting.root) / where).resolve()
    if not path.is_file():
        raise BadTarget(f"there is no file {where}")
    return provider_file.load(path, Path(setting.root))


def _file_digest(module: ModuleType) -> str:
    path = getattr(module, "__file__", None)
    if path is None:
        return "unknown"
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()[:DIGEST_DIGITS]
