"""What the files that people write beside the inventory have in common: where they are looked for,
how they are read, and how what is wrong with them is gathered."""

from __future__ import annotations

from pathlib import Path

from orchestrator.errors import InventoryError
from orchestrator.here import regular_file
from orchestrator.store.inventory.document import (
    Block,
    Problem,
    Tree,
    complaint,
    nearest,
    shown_path,
)


def nearest_above(start: Path, name: str) -> Path | None:
    """The file of that name in `start` or in the nearest folder above; None if there is none."""
    places = (folder / name for folder in (start.absolute(), *start.absolute().parents))
    return next((place for place in places if place.is_file()), None)


def text_of(path: Path, most_bytes: int) -> str:
    """What stands in the file. InventoryError: it cannot be read, or is no text."""
    try:
        return regular_file.read_named(path, most_bytes).decode("utf-8-sig")
    except UnicodeDecodeError as exc:
        line = exc.object.count(b"\n", 0, exc.start) + 1
        problem = Problem(line, "", "not UTF-8 text", "save the file as UTF-8")
        raise complaint(path, [problem]) from exc
    except OSError as exc:
        raise InventoryError(
            f"{shown_path(path)}: cannot be read: {exc.strerror}",
            hint="check the path and its permissions",
        ) from exc


class Reading:
    """Walks the tree of a document once and gathers what is wrong."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []

    def refuse_unknown(self, tree: Block, known: tuple[str, ...]) -> None:
        """A problem for each key that is none of these."""
        for name, inner in tree.entries.items():
            if name not in known:
                meant = nearest(name, known)
                mend = f"write {meant} in place of {name}" if meant else f"remove {name}"
                said = f"unknown key, expected one of {', '.join(known)}"
                self.refuse(inner, said, mend)

    def refuse(self, tree: Tree, text: str, mend: str, key: str | None = None) -> None:
        """A problem at that place of the document; key: where that is not its own."""
        self.problems.append(Problem(tree.line, tree.key if key is None else key, text, mend))
