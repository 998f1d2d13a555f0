"""The Python files that a user's file imports from beside itself, and so needs on the host."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator, Sequence
from itertools import accumulate
from pathlib import Path

from orchestrator.model import regular_file

# ast.parse: no Python, a NUL, or nested deeper than its own stack or this machine's allows.
NOT_PARSED = (SyntaxError, ValueError, RecursionError, MemoryError)


def neighbours(source: Path) -> tuple[Path, ...]:
    """Files and folders beside `source` that it imports, also by way of each other; not itself.

    Read from the text, so nothing of it runs. A text that is no Python names none: whoever
    imports it will tell.
    """
    folder = source.parent
    found: dict[Path, None] = {}
    waiting = [source]
    while waiting:
        for name in _imported(waiting.pop()):
            for place in _beside(folder, name):
                if place == source or place in found:
                    continue
                found[place] = None
                waiting += [place] if place.is_file() else sorted(place.rglob("*.py"))
    return tuple(found)


def _beside(folder: Path, name: str) -> Sequence[Path]:
    """What Python would take: a package, else modules, else a folder on the way to one."""
    first, *others = name.split(".")
    if first in sys.stdlib_module_names:
        return ()
    package = folder / first
    if (package / "__init__.py").is_file():
        return (package,)
    # Which of these it is, the host's Python decides: what is compiled is for one version of it.
    modules = [*sorted(_compiled(folder, first)), folder / f"{first}.py"]
    if files := [path for path in modules if path.is_file()]:
        return files
    return (package,) if _leads_to_python(package, others) else ()


def _compiled(folder: Path, pattern: str) -> Iterator[Path]:
    yield from folder.glob(f"{pattern}.so")
    yield from folder.glob(f"{pattern}.*.so")


def _leads_to_python(package: Path, others: Sequence[str]) -> bool:
    """Whether a folder, or one below it on this way, holds a module. One that leads elsewhere, say
    the checkout of what is installed, is no package."""
    places = accumulate(others, Path.joinpath, initial=package)
    return any(any(place.glob("*.py")) or any(_compiled(place, "*")) for place in places)


def _imported(path: Path) -> Iterator[str]:
    """Every name that is imported anywhere in the file, with what is taken from it."""
    try:
        tree = ast.parse(regular_file.read_bytes(path))
    except (OSError, *NOT_PARSED):
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (alias.name for alias in node.names)
