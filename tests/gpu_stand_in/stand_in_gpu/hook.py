"""Waits for `import torch` and `import triton`, and then puts the stand-in into them."""

from __future__ import annotations

import importlib
import importlib.abc
import importlib.machinery
import importlib.util
import sys
from collections.abc import Callable, Sequence
from types import ModuleType

# Given a module and what executes it.
Act = Callable[[ModuleType, Callable[[], None]], None]


class _Finder(importlib.abc.MetaPathFinder):
    """Finds each module the way all others do, and leaves its execution to an act."""

    def __init__(self, acts: dict[str, Act]) -> None:
        self._acts, self._busy = acts, False

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        act = self._acts.get(name)
        if act is None or self._busy:
            return None
        self._busy = True
        try:
            spec = importlib.util.find_spec(name)
        finally:
            self._busy = False
        if spec is None or spec.loader is None:
            return None
        load = spec.loader.exec_module

        def exec_module(module: ModuleType) -> None:
            act(module, lambda: load(module))

        spec.loader.exec_module = exec_module  # type: ignore[method-assign]
        return spec


def watch() -> None:
    """Install the stand-in into whatever imports torch or triton from now on."""
    sys.meta_path.insert(0, _Finder({"torch": _torch, "triton": _triton}))


def _torch(module: ModuleType, execute: Callable[[], None]) -> None:
    execute()
    importlib.import_module("stand_in_gpu").install(module)


def _triton(module: ModuleType, execute: Callable[[], None]) -> None:
    importlib.import_module("torch")  # the stand-in for triton builds on that for torch
    importlib.import_module("stand_in_gpu.triton_on_cpu").install(module, execute)
