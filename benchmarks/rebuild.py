"""How long `orchestrator check` takes after an edit, on a host without a GPU, and took before.

    python -m benchmarks.rebuild
    python -m benchmarks.rebuild --rounds 1 --edit nothing --no-page      a smoke run

Two copies of the repository, one of a revision before and one of HEAD, each with a workspace of its
own, are edited alike; they take turns. Each edit is a new one, so that none is found again.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tarfile
import tempfile
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from io import BytesIO
from pathlib import Path
from statistics import median

import click

from benchmarks.pull import write_between
from benchmarks.samples import machine

_REPOSITORY = Path(__file__).resolve().parent.parent
PAGE = _REPOSITORY / "docs" / "performance.md"
_BEGIN, _END = "<!-- rebuild benchmark: begin -->", "<!-- rebuild benchmark: end -->"
_KEPT = ("date", "machine", "kernel", "load before", "Python")
# The last revision that compiled the emulator, and all variants, for every edit.
BEFORE = "6a8d5f5d"
LIMIT = 0.5
CODE, COMMENT = "struct Edit{};", "// edit {}"
INVENTORY = "default: local\nhosts:\n  local:\n    transport: local\n    workspace: {}\n"


@dataclass(frozen=True)
class Edit:
    """One line more at the end of a file of csrc/attention; of none, the command alone."""

    what: str
    file: str = ""
    line: str = CODE
    limit: float | None = LIMIT


EDITS = {
    "nothing": Edit("nothing changed", limit=None),
    "comment-of-all": Edit("a comment in what all kernels read", "softmax.cuh", COMMENT),
    "comment-of-one": Edit("a comment in one variant", "hopper/ahead.cuh", COMMENT),
    "one": Edit("code in one variant", "hopper/ahead.cuh"),
    "portable": Edit("code in the portable kernel", "portable/kernel.cuh"),
    "hopper": Edit("code in the Hopper kernel and all its variants", "hopper/kernel.cuh"),
    "all": Edit("code in what all kernels read", "softmax.cuh"),
}


@dataclass(frozen=True)
class Sample:
    """One command: by which code, after which edit."""

    side: str
    edit: str
    round: int
    seconds: float


@click.command(help=__doc__)
@click.option("--before", default=BEFORE, show_default=True, metavar="REVISION")
@click.option("--edit", "edits", type=click.Choice(list(EDITS)), multiple=True, default=list(EDITS))
@click.option("--rounds", type=click.IntRange(1), default=5, show_default=True)
@click.option("--page/--no-page", default=True)
def main(before: str, edits: tuple[str, ...], rounds: int, page: bool) -> None:
    """Make the copies, take turns, write the page."""
    facts = {name: value for name, value in machine().items() if name in _KEPT}
    facts["machine"] = facts["machine"].removesuffix(", both ends on this one machine")
    facts |= {"before": _commit(before), "now": _commit("HEAD")}
    with tempfile.TemporaryDirectory() as folder:
        sides = {"before": _copy(before, Path(folder)), "now": _copy("HEAD", Path(folder))}
        for root in sides.values():
            _check(root)
        samples = list(_samples(sides, edits, rounds))
    if page:
        write_between(PAGE, _BEGIN, _END, _text(facts, samples, edits))


def _samples(sides: dict[str, Path], edits: tuple[str, ...], rounds: int) -> Iterator[Sample]:
    for number in range(rounds):
        for name in edits:
            for side, root in sides.items():
                edit = EDITS[name]
                if edit.file:
                    with (root / "csrc" / "attention" / edit.file).open("a") as file:
                        file.write(edit.line.replace("{}", f"{number}") + "\n")
                sample = Sample(side, name, number, _check(root))
                click.echo(json.dumps(asdict(sample)))
                yield sample


def _copy(revision: str, folder: Path) -> Path:
    root = folder / ("before" if revision != "HEAD" else "now")
    archive = ("git", "archive", revision)
    packed = subprocess.run(archive, cwd=_REPOSITORY, check=True, capture_output=True).stdout
    with tarfile.open(fileobj=BytesIO(packed)) as tar:
        tar.extractall(root)
    workspace = json.dumps(str(folder / f"workspace-{root.name}"))
    (root / "inventory.yaml").write_text(INVENTORY.format(workspace))
    return root


def _check(root: Path) -> float:
    """Seconds of the whole command, by the code of this copy."""
    command = (sys.executable, "-m", "orchestrator", "--runs", "runs", "check", "--host", "local")
    start = time.perf_counter()
    done = subprocess.run(command, cwd=root, capture_output=True, text=True)
    if done.returncode != 0:
        raise SystemExit(f"{' '.join(command)} in {root}:\n{done.stdout}{done.stderr}")
    return time.perf_counter() - start


def _commit(revision: str) -> str:
    command = ("git", "rev-parse", "--short=8", revision)
    done = subprocess.run(command, cwd=_REPOSITORY, check=True, capture_output=True, text=True)
    return done.stdout.strip()


def _text(facts: dict[str, str], samples: list[Sample], edits: tuple[str, ...]) -> str:
    lines = ["| | |", "|---|---|", *(f"| {name} | {value} |" for name, value in facts.items()), ""]
    lines.append("Median seconds, least and most.\n")
    lines.append("| Edit | Before | Now | n | Now / before | Limit | |")
    lines.append("|---|--:|--:|--:|--:|--:|---|")
    for name in edits:
        taken = {
            side: [one.seconds for one in samples if (one.edit, one.side) == (name, side)]
            for side in ("before", "now")
        }
        cells = [
            f"{median(found):.1f} ({min(found):.1f} to {max(found):.1f})"
            for found in taken.values()
        ]
        ratio, limit = median(taken["now"]) / median(taken["before"]), EDITS[name].limit
        verdict = "" if limit is None else "PASS" if ratio <= limit else "MISS"
        told = "none" if limit is None else f"≤ {limit:.2f}"
        row = [EDITS[name].what, *cells, str(len(taken["now"])), f"{ratio:.2f}", told, verdict]
        lines.append("| " + " | ".join(row) + " |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
