"""A user's Python file as a module that hides nothing and sees its neighbours.

The file and its neighbours become modules of a package of their own, named after their folder's
path, so that a file called like an installed package, and two folders with a `tuning.py` each, get
on with everybody. `import tuning` in such a file means, in this order: what is installed, then the
file beside it. Other modules never see those files.
"""

from __future__ import annotations

import builtins
import hashlib
import importlib.util
import os
import re
import sys
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from pathlib import Path
from types import ModuleType
from typing import Any, Dict, Optional, Sequence, Set

PREFIX = "_provider_"
_FIRST: Set[str] = set()  # packages whose neighbours come first


def load(path: Path, root: Path, first: bool = False) -> ModuleType:
    """The file as a module; importing it raises whatever it raises.

    root: the run's own code, whose modules do not come before a neighbour of the same name.
    first: neighbours come before what is installed, too, unless that is in use already, as torch.
    """
    path, inside = path.resolve(), str(root.resolve())
    package = PREFIX + hashlib.sha256(str(path.parent).encode()).hexdigest()[:12]
    if package not in sys.modules:
        spec = ModuleSpec(package, None, is_package=True)
        spec.submodule_search_locations = [str(path.parent)]
        sys.modules[package] = importlib.util.module_from_spec(spec)
    if first:
        _FIRST.add(package)
    if not any(isinstance(finder, _Finder) for finder in sys.meta_path):
        sys.meta_path.insert(0, _Finder(inside))
    name = f"{package}." + re.sub(r"\W", "_", path.stem)
    if name not in sys.modules:
        _execute(name, _Loader(name, str(path), inside))
    return sys.modules[name]


def _execute(name: str, loader: _Loader) -> None:
    spec = importlib.util.spec_from_file_location(name, loader.path, loader=loader)
    assert spec is not None  # with a loader there always is one
    module = sys.modules[name] = importlib.util.module_from_spec(spec)
    try:
        loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise


class _Finder(MetaPathFinder):
    """Finds modules of our packages, and gives them an `import` that knows their neighbours."""

    def __init__(self, root: str) -> None:
        self._root = root

    def find_spec(
        self,
        fullname: str,
        path: Optional[Sequence[str]] = None,
        target: Optional[ModuleType] = None,
    ) -> Optional[ModuleSpec]:
        if not fullname.startswith(PREFIX) or path is None:
            return None
        spec = PathFinder.find_spec(fullname, path, target)
        if spec is not None and isinstance(spec.loader, SourceFileLoader):
            spec.loader = _Loader(spec.loader.name, spec.loader.path, self._root)
        return spec


class _Loader(SourceFileLoader):
    def __init__(self, name: str, path: str, root: str) -> None:
        super().__init__(name, path)
        self._root = root

    def exec_module(self, module: ModuleType) -> None:
        # An import statement calls what its module's own builtins say; nobody else is touched.
        own: Dict[str, Any] = dict(vars(builtins))
        own["__import__"] = _Import(module.__name__, self._root)
        module.__dict__["__builtins__"] = own
        super().exec_module(module)


class _Import:
    """`__import__` for one of the user's modules."""

    def __init__(self, importer: str, root: str) -> None:
        self._package, _, self._importer = importer.partition(".")
        self._root = root

    def __call__(
        self,
        name: str,
        globals: Optional[Dict[str, Any]] = None,
        locals: Optional[Dict[str, Any]] = None,
        fromlist: Optional[Sequence[str]] = (),
        level: int = 0,
    ) -> ModuleType:
        top = name.partition(".")[0]
        if level or top == self._importer or not self._is_neighbour(top):
            return builtins.__import__(name, globals, locals, fromlist or (), level)
        found = builtins.__import__(f"{self._package}.{name}", globals, locals, fromlist or (), 0)
        return found if fromlist else sys.modules[f"{self._package}.{top}"]

    def _is_neighbour(self, top: str) -> bool:
        """Whether the file beside is meant: it is there, and nothing of that name is installed."""
        private = f"{self._package}.{top}"
        if private not in sys.modules and importlib.util.find_spec(private) is None:
            return False
        if self._package in _FIRST and top not in sys.modules:
            return True
        try:
            spec = importlib.util.find_spec(top)
        except ValueError:  # a module without a spec, such as __main__
            return False
        if spec is None:
            return True
        places = [spec.origin or "", *(spec.submodule_search_locations or ())]
        return any(place.startswith(self._root + os.sep) for place in places)
