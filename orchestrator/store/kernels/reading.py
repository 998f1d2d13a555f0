"""kernels.yaml → entries; whoever wrote it wrong hears file, line, key and the mend.

operators:
  mylayer:                       # orchestrator check --operator mylayer
    file: ops/layer.py           # beside this file; docs/operators.md says what is in it
    name: Layer                  # a class in it; left out: the file itself
    providers:
      mine: kernels/mine.py:layer
  attention:                     # one of ours: only further providers
    providers:
      fast:
        target: kernels/fast.cu:attention
        flags: -lineinfo -maxrregcount=64   # words with blanks between them, as in the inventory
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from orchestrator.store.inventory.document import (
    Block,
    Scalar,
    Tree,
    complaint,
    read_document,
    shown_path,
)
from orchestrator.store.inventory.written import Reading, nearest_above, text_of
from orchestrator.store.kernels.users_provider import UsersProvider
from remote_payload.contract.tools.toolchain import BadFlag, Toolchain, require
from remote_payload.operators import registry

FILE_NAME = "kernels.yaml"
_MOST_BYTES = 1 << 20
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*\Z")
_CLASS = re.compile(r"[A-Za-z_]\w*\Z", re.ASCII)
_TARGET = re.compile(r".+:[A-Za-z_]\w*\Z", re.ASCII | re.DOTALL)
_FIRST = "write `operators:`, and below it a name with its file"
# Files that are named, not modules; with "folder/:" before it all of a folder travels.
_FILES = (".py", ".cu")
_OF_OPERATOR = ("file", "name", "providers")
_WORDS = ("flags", "include", "defines")
_PATHS = ("host_compiler", "cuda_home")
_OF_PROVIDER = ("target", *_WORDS, *_PATHS, "destination_passing")
_SWITCH = {"true": True, "false": False}


@dataclass(frozen=True)
class Entry:
    """One operator. file: None for one of ours; part: the class in it; providers: each target has
    its path in full."""

    name: str
    file: Path | None
    part: str = ""
    providers: tuple[UsersProvider, ...] = ()


@dataclass(frozen=True)
class Kernels:
    """The entries of one file by name; none where there is no file."""

    path: Path | None = None
    entries: Mapping[str, Entry] = field(default_factory=dict)


def find(start: Path) -> Kernels:
    """What the kernels.yaml of `start` or of the nearest folder above says; none: no entries.

    InventoryError: the first few things wrong with it.
    """
    path = nearest_above(start, FILE_NAME)
    return load(path) if path is not None else Kernels()


def load(path: Path) -> Kernels:
    """The entries of the file; InventoryError as in `find`."""
    top = read_document(path, text_of(path, _MOST_BYTES), "operators", _FIRST)
    reader = _Reader(path.parent)
    entries = reader.operators(top)
    if reader.problems:
        raise complaint(path, reader.problems)
    return Kernels(path, {entry.name: entry for entry in entries})


class _Reader(Reading):
    def __init__(self, folder: Path) -> None:
        super().__init__()
        self._folder = folder

    def operators(self, top: Block) -> list[Entry]:
        self.refuse_unknown(top, ("operators",))
        tree = top.entries.get("operators", top)
        if not isinstance(tree, Block) or not tree.entries or tree is top:
            what = "expected a mapping of operators by name"
            self.refuse(tree, what, _FIRST, key="operators")
            return []
        return [self._operator(name, inner) for name, inner in tree.entries.items()]

    def _operator(self, name: str, tree: Tree) -> Entry:
        ours = name in registry.names()
        if not _NAME.match(name):
            self.refuse(tree, "expected a name of letters, digits, - and _", "rename it")
        if not isinstance(tree, Block):
            self.refuse(tree, "expected a mapping with file", "write file: path.py below it")
            return Entry(name, None)
        self.refuse_unknown(tree, _OF_OPERATOR)
        if ours and "file" in tree.entries:
            mend = "call it something else, or remove file to give ours further providers"
            self.refuse(tree.entries["file"], f"{name} is an operator of ours", mend)
        if not ours and "file" not in tree.entries:
            known = ", ".join(registry.names())
            said = f"missing key, expected a Python file (or the name of one of ours: {known})"
            self.refuse(tree, said, "add file: path.py", key=f"{tree.key}.file")
        file = self._file(tree.entries["file"]) if "file" in tree.entries else None
        part = self._matching(tree, "name", _CLASS, "the name of a class in the file")
        return Entry(name, file, part, self._providers(tree.entries.get("providers")))

    def _file(self, tree: Tree) -> Path | None:
        text = tree.text if isinstance(tree, Scalar) else None
        if not text or not text.endswith(".py"):
            self.refuse(tree, "expected the path of a Python file", "write file: ops/layer.py")
            return None
        path = self._folder / Path(text).expanduser()
        if not path.is_file():
            self.refuse(tree, f"no such file: {shown_path(path)}", "correct file")
        return path

    def _matching(self, tree: Block, name: str, form: re.Pattern[str], what: str) -> str:
        inner = tree.entries.get(name)
        if inner is None:
            return ""
        text = inner.text if isinstance(inner, Scalar) else None
        if not text or not form.match(text):
            self.refuse(inner, f"expected {what}", f"correct {name}")
            return ""
        return text

    def _providers(self, tree: Tree | None) -> tuple[UsersProvider, ...]:
        if tree is None:
            return ()
        if not isinstance(tree, Block) or not tree.entries:
            mend = "write mine: kernels/mine.py:function below it"
            self.refuse(tree, "expected a mapping of providers by name", mend)
            return ()
        return tuple(self._provider(name, one) for name, one in tree.entries.items())

    def _provider(self, name: str, tree: Tree) -> UsersProvider:
        target = self._target(name, tree)
        if not isinstance(tree, Block):
            return UsersProvider(name, target)
        said = tree.entries.get("destination_passing")
        passing = None if said is None else self._switch(said)
        return UsersProvider(name, target, self._toolchain(tree), passing)

    def _switch(self, tree: Tree) -> bool | None:
        found = _SWITCH.get(str(tree.text).lower()) if isinstance(tree, Scalar) else None
        if found is None:
            self.refuse(tree, "expected true or false", "write true or false, or remove it")
        return found

    def _toolchain(self, tree: Block) -> Toolchain:
        """Key by key, so that what is refused is told where it stands."""
        made = Toolchain()
        for key in (*_WORDS, *_PATHS):
            inner = tree.entries.get(key)
            if inner is None:
                continue
            text = inner.text if isinstance(inner, Scalar) else None
            if not text:
                form = "words with blanks between them" if key in _WORDS else "a path"
                self.refuse(inner, f"expected {form}", f"correct {key}")
                continue
            said: Any = tuple(text.split()) if key in _WORDS else text
            one = replace(Toolchain(), **{key: said})
            try:
                require(one)
            except BadFlag as exc:
                self.refuse(inner, str(exc), f"correct {key}")
            made = one.over(made)
        return made

    def _target(self, name: str, tree: Tree) -> str:
        if not _NAME.match(name):
            self.refuse(tree, "expected a name of letters, digits, - and _", "rename it")
        if isinstance(tree, Block):
            self.refuse_unknown(tree, _OF_PROVIDER)
            if "target" not in tree.entries:
                said = "missing key, expected path.py:function or module:function"
                self.refuse(tree, said, "add target: ...", key=f"{tree.key}.target")
                return ""
            tree = tree.entries["target"]
        text = tree.text if isinstance(tree, Scalar) else None
        if not text or not _TARGET.match(text):
            said = "expected path.py:function or module:function"
            self.refuse(tree, said, "write the file, a colon and the function")
            return ""
        place, _, function = text.rpartition(":")
        if not place.endswith(_FILES):
            return text
        folder, colon, inner = place.rpartition(":")
        path = self._folder / Path(folder if colon else place).expanduser()
        if not (path / inner if colon else path).is_file():
            missing = path / inner if colon else path
            self.refuse(tree, f"no such file: {shown_path(missing)}", f"correct {name}")
        return f"{path}/:{inner}:{function}" if colon else f"{path}:{function}"
