"""The C and CUDA sources that a user's file needs beside itself: by #include "…", and by name."""

from __future__ import annotations

import ast
import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from orchestrator.errors import UsageError
from orchestrator.here import regular_file

COMPILED = (".cu", ".cpp", ".cc", ".cxx", ".c")
HEADERS = (".cuh", ".h", ".hpp", ".hh", ".hxx", ".inl", ".inc")
_INCLUDE = re.compile(rb'^[ \t]*#[ \t]*include[ \t]*"([^"\n]+)"', re.MULTILINE)


def included(sources: Iterable[Path], folder: Path) -> tuple[Path, ...]:
    """What these files include in quotation marks, also by way of each other; not themselves.

    folder: in which all of it has to lie, as it travels. A header that is not here is the
    compiler's to name: it may be one of the toolkit's. UsageError: one that lies elsewhere.
    """
    start = [_plain(path) for path in sources]
    found: dict[Path, None] = {}
    waiting = list(start)
    while waiting:
        path = waiting.pop()
        for name in _quoted(path):
            header = _plain(path.parent / name)
            if not header.is_file() or header in found or header in start:
                continue
            if not header.is_relative_to(_plain(folder)):
                raise _outside(path, name, folder)
            found[header] = None
            waiting.append(header)
    return tuple(found)


def named(tree: ast.AST, folder: Path) -> Iterator[Path]:
    """C and CUDA files beside a Python file that a text in it names, as load(sources=["k.cu"])."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            text = node.value
            if "\n" not in text and text.endswith((*COMPILED, *HEADERS)):
                path = _plain(folder / text)
                if path.is_relative_to(_plain(folder)) and path.is_file():
                    yield path


def _quoted(path: Path) -> Iterator[str]:
    try:
        yield from (os.fsdecode(name) for name in _INCLUDE.findall(regular_file.read_bytes(path)))
    except OSError:  # whoever sends it tells
        return


def _outside(path: Path, name: str, folder: Path) -> UsageError:
    common = os.path.commonpath([_plain(path.parent / name), _plain(folder)])
    inside = os.path.relpath(path, common)
    return UsageError(
        f'{path.name} includes "{name}", which lies outside {folder}',
        hint=f"Name the folder that holds both, and the file in it: {common}/:{inside}:function",
    )


def _plain(path: Path) -> Path:
    """Without .. and ., and with links as they are."""
    return Path(os.path.normpath(path))
