"""`python3 -m benchmarks.house [TREE …]`: how large the rooms of the house are, tree by tree.

Files and folders of the two programs, the fields of attention outside its own folder, and imports
that run up the layers that pyproject.toml draws. Each TREE is a checkout; without one, this.
"""

from __future__ import annotations

import argparse
import ast
import re
import statistics
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

PROGRAMS = ("orchestrator", "remote_payload")
# What belongs to attention wherever it stands: its operator, its kernel's Python face, and in the
# house as it was, the files that were about nothing else.
OWN = (
    "remote_payload/operators/attention/",
    "remote_payload/blackwell_sparsek/",
    *(
        f"remote_payload/{name}.py"
        for name in (
            *("adversarial", "adversarial_calls", "inputs", "reference", "peers", "catalog"),
            *("triton_attention", "emulation", "providers", "sanitize", "sanitized_call"),
        )
    ),
    "orchestrator/model/attention.py",
)
# Names of its axes and tensors, as variables, attributes, parameters and keywords.
FIELDS = {"heads", "seq", "causal", "kv_heads", "kv_seq", "qkv", "head_dim"}
MOST_FILES, MOST_LINES, MEDIAN_LINES = 15, 300, 120


@dataclass(frozen=True)
class House:
    """One tree, measured. full: folders of more than MOST_FILES files, with their number; fullest:
    the number of the fullest folder, whether that is too many or not."""

    files: int
    median_lines: float
    long: tuple[tuple[str, int], ...]
    full: tuple[tuple[str, int], ...]
    fullest: int
    attention: tuple[str, ...]
    up: str


def main(trees: Sequence[Path]) -> int:
    """Print a table; 1 if this tree breaks a rule."""
    houses = [measure(tree) for tree in trees or (Path(),)]
    for what, of in _ROWS:
        print(f"{what:58}" + "".join(f"{of(house):>12}" for house in houses))
    for house in houses[-1:]:
        for what, found in (("long", house.long), ("full", house.full)):
            print(*(f"{what}: {name} {count}" for name, count in found), sep="\n", end="")
        print(*(f"\nattention's fields: {name}" for name in house.attention), sep="")
    last = houses[-1]
    sound = last.median_lines <= MEDIAN_LINES and last.up == "0"
    return int(not sound or bool(last.long or last.full or last.attention))


def measure(tree: Path) -> House:
    """Look at every Python file of both programs."""
    files = sorted(path for program in PROGRAMS for path in (tree / program).rglob("*.py"))
    names = [path.relative_to(tree).as_posix() for path in files]
    lines = [len(path.read_text("utf-8").splitlines()) for path in files]
    folders = Counter(name.rpartition("/")[0] for name in names)
    return House(
        files=len(files),
        median_lines=statistics.median(lines),
        long=tuple((n, c) for n, c in zip(names, lines, strict=True) if c > MOST_LINES),
        full=tuple((n, c) for n, c in sorted(folders.items()) if c > MOST_FILES),
        fullest=max(folders.values()),
        attention=tuple(
            name
            for name, path in zip(names, files, strict=True)
            if not name.startswith(OWN) and FIELDS & set(_names(path))
        ),
        up=_broken_contracts(tree),
    )


def _names(path: Path) -> Iterator[str]:
    """Every name that the code of a file uses; words in texts and comments are none."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Name):
            yield node.id
        elif isinstance(node, ast.Attribute):
            yield node.attr
        elif isinstance(node, (ast.arg, ast.keyword)) and node.arg:
            yield node.arg


def _broken_contracts(tree: Path) -> str:
    """How many of the contracts of pyproject.toml an import breaks, by import-linter."""
    program = Path(sys.executable).with_name("lint-imports")
    said = subprocess.run([program], cwd=tree, capture_output=True, text=True, check=False).stdout
    found = re.search(r"(\d+) broken", said)
    return found[1] if found else "not told"


_ROWS = (
    ("files", lambda house: house.files),
    (f"median lines of a file (at most {MEDIAN_LINES})", lambda house: f"{house.median_lines:g}"),
    (f"files of more than {MOST_LINES} lines", lambda house: len(house.long)),
    (f"folders of more than {MOST_FILES} files", lambda house: len(house.full)),
    ("files in the fullest folder", lambda house: house.fullest),
    ("files with attention's fields outside its own", lambda house: len(house.attention)),
    ("contracts that imports break", lambda house: house.up),
)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("trees", nargs="*", type=Path)
    sys.exit(main(parser.parse_args().trees))
