"""What a user's file needs from beside itself: what it imports, and what it has compiled."""

from __future__ import annotations

import ast
import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate
from pathlib import Path

from orchestrator.here import regular_file
from orchestrator.sync import headers
from orchestrator.sync.listing import seen_as

# ast.parse: no Python, a NUL, or nested deeper than its own stack or this machine's allows.
NOT_PARSED = (SyntaxError, ValueError, RecursionError, MemoryError)


def neighbours(source: Path) -> tuple[Path, ...]:
    """Files and folders beside `source` that it imports, also by way of each other; not itself.
    With them the C and CUDA files that any of them names, and what those include in quotation
    marks, in `source`'s folder or below.

    Read from the text, so nothing of it runs. A text that is no Python names none: whoever
    imports it will tell. UsageError: a header outside that folder.
    """
    folder = source.parent
    if source.suffix in headers.COMPILED:
        return headers.included([source], folder)
    found: dict[Path, None] = {}
    native: dict[Path, None] = {}
    waiting = [source]
    while waiting:
        tree = _parsed(waiting.pop())
        if tree is None:
            continue
        native.update(dict.fromkeys(headers.named(tree, folder)))
        for name in _imported(tree):
            for place in _beside(folder, name):
                if place == source or place in found:
                    continue
                found[place] = None
                waiting += _modules_below(place) if place.is_dir() else [place]
    compiled = dict.fromkeys((*native, *headers.included(native, folder)))
    return (*found, *(path for path in compiled if not _is_below(path, found)))


def _is_below(path: Path, found: Iterable[Path]) -> bool:
    return any(path.is_relative_to(place) for place in found)


def _beside(folder: Path, name: str) -> Sequence[Path]:
    """What Python would take: a package, else modules, else a folder on the way to one."""
    first, *others = name.split(".")
    if first in sys.stdlib_module_names:
        return ()
    package = folder / first
    if seen_as(Path.is_file, package / "__init__.py"):
        return (package,)
    # Which of these it is, the host's Python decides: what is compiled is for one version of it.
    modules = [*_compiled(folder, first), folder / f"{first}.py"]
    files = [path for path in modules if seen_as(Path.is_file, path)]
    # Python passes over what is no file, a FIFO or a link to nothing, but whoever sends tells.
    odd = [path for path in modules if os.path.lexists(path) and not _is_module(path)]
    if files or not (_leads_to_python(package, others) or _is_closed(package)):
        return [*files, *odd]
    return [package, *odd]


def _is_module(path: Path) -> bool:
    """Also a folder with the name of one, which is none: nobody meant that."""
    return seen_as(Path.is_file, path) or seen_as(Path.is_dir, path)


def _is_closed(package: Path) -> bool:
    """Whether it is a folder that we may not look into."""
    return seen_as(Path.is_dir, package) and not os.access(package, os.R_OK | os.X_OK)


def _compiled(folder: Path, name: str) -> Iterator[Path]:
    for file in _names(folder):
        if file.startswith(f"{name}.") and file.endswith(".so"):
            yield folder / file


def _leads_to_python(package: Path, others: Sequence[str]) -> bool:
    """Whether a folder, or one below it on this way, holds a module. One that leads elsewhere, say
    the checkout of what is installed, is no package."""
    places = accumulate(others, Path.joinpath, initial=package)
    return any(name.endswith((".py", ".so")) for place in places for name in _names(place))


def _names(folder: Path) -> list[str]:
    """What is in it; nothing where nobody lets us look, or nothing has a name like that."""
    try:
        return sorted(path.name for path in folder.iterdir())
    except OSError:
        return []


def _modules_below(folder: Path) -> list[Path]:
    found = (Path(place, name) for place, _, names in os.walk(folder) for name in names)
    return sorted(path for path in found if path.suffix == ".py")


def _parsed(path: Path) -> ast.AST | None:
    try:
        return ast.parse(regular_file.read_bytes(path))
    except (OSError, *NOT_PARSED):
        return None


def _imported(tree: ast.AST) -> Iterator[str]:
    """Every name that is imported anywhere in the file, with what is taken from it."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (alias.name for alias in node.names)
