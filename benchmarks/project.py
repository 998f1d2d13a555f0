"""A project tree of pseudo-code: as many files, as large, and about as compressible as asked."""

from __future__ import annotations

import random
import subprocess
from dataclasses import dataclass
from pathlib import Path

_LETTERS = "abcdefghijklmnopqrstuvwxyz_0123456789"
_GLUE = (
    " ",
    " ",
    "\n",
    "(",
    ")",
    "{\n    ",
    "}\n",
    ", ",
    ";\n",
    "; // ",
    " = ",
    " + ",
    "[",
    "] = ",
)


@dataclass(frozen=True)
class Size:
    """How large a tree is; the name is what tables call it."""

    files: int
    megabytes: int

    @property
    def name(self) -> str:
        return f"{self.files:,} files / {self.megabytes} MB"


def grow(root: Path, size: Size) -> None:
    """Write the tree under `root`, tracked by git, the same bytes each time.

    A line is an idiom of the tree with words of its own, so that zlib level 1 makes the text
    about 3.8 times smaller. Measured: Python's standard library 3.3, CUDA's headers 5.5 times.
    """
    dice = random.Random(size.files)
    words = ["".join(dice.choices(_LETTERS, k=dice.randint(2, 10))) for _ in range(4000)]
    idioms = ["".join(_piece(dice, words) for _ in range(dice.randint(3, 9))) for _ in range(500)]
    bytes_each = size.megabytes * 1_000_000 // size.files
    for number in range(size.files):
        folder = "remote_payload" if number % 5 == 0 else f"csrc/area{number % 37}"
        file = root / folder / f"part{number}.cu"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(_code(dice, words, idioms, bytes_each))
    subprocess.run(["git", "init", "-q", str(root)], check=True)
    subprocess.run(["git", "-C", str(root), "add", "csrc", "remote_payload"], check=True)


def change_one(root: Path, mark: str) -> None:
    """Edit one file, as between two builds."""
    file = root / "csrc/area1/part1.cu"
    file.write_text(f"// edit {mark}\n{file.read_text()}")


def _code(dice: random.Random, words: list[str], idioms: list[str], size_bytes: int) -> str:
    own = dice.sample(idioms, 60)
    lines: list[str] = []
    length = 0
    while length < size_bytes:
        line = dice.choice(own) + _piece(dice, words) + _piece(dice, words) + "\n"
        lines.append(line)
        length += len(line)
    return "".join(lines)[:size_bytes]


def _piece(dice: random.Random, words: list[str]) -> str:
    # Squaring favours few words, as identifiers and keywords do.
    return words[int(dice.random() ** 2 * len(words))] + dice.choice(_GLUE)
