"""The Python files that a user's file imports from beside itself, and so needs on the host."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

from orchestrator.model import regular_file


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
            place = _beside(folder, name)
            if place is None or place == source or place in found:
                continue
            found[place] = None
            waiting += [place] if place.is_file() else sorted(place.rglob("*.py"))
    return tuple(found)


def _beside(folder: Path, name: str) -> Path | None:
    """A package comes before a module, as in Python; a folder without Python is neither."""
    if name in sys.stdlib_module_names:
        return None
    package, module = folder / name, folder / f"{name}.py"
    if (package / "__init__.py").is_file():
        return package
    if module.is_file():
        return module
    return package if package.is_dir() and any(package.glob("*.py")) else None


def _imported(path: Path) -> Iterator[str]:
    """The first part of every name that is imported anywhere in the file."""
    try:
        tree = ast.parse(regular_file.read_bytes(path))
    except (OSError, SyntaxError, ValueError):
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module.partition(".")[0]
        elif isinstance(node, ast.ImportFrom):
            yield from (alias.name for alias in node.names)
