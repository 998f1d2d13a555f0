"""Findings over files of Nsight Compute: what we say of each kernel, and ncu's own rule beside it.

    python -m benchmarks.findings FILE…
    python -m benchmarks.findings --before CHECKOUT FILE…

One row for each kernel and geometry of a .ncu-rep or CSV file, in Markdown. With --before, the
verdict of another checkout's code stands beside today's; rows that say the same are only counted.
Files are named without their folders.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from orchestrator.errors import OrchestratorError
from orchestrator.ncu.evidence import of_launches
from orchestrator.ncu.findings import own_rules
from orchestrator.ncu.wording import short_name
from orchestrator.performance.bottleneck.own_rule import beside
from orchestrator.performance.bottleneck.rules import bottleneck
from orchestrator.readers.ncu.capture import KernelCapture
from orchestrator.readers.ncu.quantities.combine import State, reading
from orchestrator.readers.ncu.quantities.metrics import QUANTITIES
from orchestrator.readers.ncu.read import read_file

_NAME_CHARACTERS = 28
_RULE_CHARACTERS = 64
# The other checkout's own reader and rules, asked in a process of its own.
_BEFORE = """
import json, sys
from pathlib import Path
from orchestrator.errors import OrchestratorError
from orchestrator.performance.bottleneck.rules import bottleneck
from orchestrator.ncu.evidence import of_launches
from orchestrator.readers.ncu.read import read_file
for path in sys.argv[1:]:
    try:
        kernels = read_file(Path(path)).captures.kernels
    except OrchestratorError as refusal:
        print(json.dumps([path, "", f"refused: {refusal.message.replace(path + ': ', '')}"]))
        continue
    groups = {}
    for one in kernels:
        groups.setdefault(str((one.kernel, one.grid, one.block)), []).append(one)
    for key, group in groups.items():
        found = bottleneck(of_launches(group))
        print(json.dumps([path, key, found.verdict.text]))
"""


@dataclass(frozen=True)
class Row:
    """What is said of one kernel and geometry. states: how many quantities are in each state."""

    file: str
    kernel: str
    verdict: str
    figures: str
    states: str
    own_rule: str
    key: str = ""


def rows(path: Path) -> tuple[Row, ...]:
    """The findings in one file; a file that is refused is one row that says so."""
    try:
        kernels = read_file(path).captures.kernels
    except OrchestratorError as refusal:
        return (Row(path.name, "—", f"refused: {_without_path(refusal, path)}", "", "", ""),)
    groups: dict[str, list[KernelCapture]] = {}
    for one in kernels:
        groups.setdefault(str((one.kernel, one.grid, one.block)), []).append(one)
    return tuple(_row(path.name, key, group) for key, group in groups.items())


def _without_path(refusal: OrchestratorError, path: Path) -> str:
    return refusal.message.replace(f"{path}: ", "")


def _row(name: str, key: str, group: Sequence[KernelCapture]) -> Row:
    found = bottleneck(of_launches(group))
    figures = ", ".join(f"{one.title} {one.value:.3g}" for one in found.verdict.evidence[:3])
    counts = Counter(reading(group[0], one).state for one in QUANTITIES.values())
    said = " / ".join(beside(found.limits, own_rules(group)))
    return Row(
        file=name,
        kernel=short_name(group[0].kernel)[:_NAME_CHARACTERS],
        verdict=found.verdict.text,
        figures=figures,
        states="/".join(str(counts[state]) for state in State),
        own_rule=said.removeprefix("ncu's own rule ")[:_RULE_CHARACTERS] or "none in the file",
        key=key,
    )


def before(checkout: Path, paths: Sequence[Path]) -> dict[tuple[str, str], str]:
    """The verdicts of another checkout's code, by (file, key)."""
    code = [sys.executable, "-c", _BEFORE, *(str(path) for path in paths)]
    env = os.environ | {"PYTHONPATH": str(checkout), "PYTHONSAFEPATH": "1"}
    lines = subprocess.run(code, env=env, check=True, capture_output=True, text=True).stdout
    found = (json.loads(line) for line in lines.splitlines())
    return {(Path(path).name, key): text for path, key, text in found}


def table(found: Iterable[Row], verdicts: dict[tuple[str, str], str] | None = None) -> str:
    """The rows in Markdown; with verdicts of before, those that changed, and how many did not."""
    head = ["File", "Kernel", "Verdict", "Busiest", "States", "ncu's own rule"]
    if verdicts is not None:
        head.insert(2, "Before")
    lines = [head, ["---"] * len(head)]
    same = 0
    for row in found:
        cells = [row.file, row.kernel, row.verdict, row.figures, row.states, row.own_rule]
        if verdicts is not None:
            old = verdicts.get((row.file, row.key), verdicts.get((row.file, ""), "—"))
            same += old == row.verdict
            if old == row.verdict:
                continue
            cells.insert(2, old)
        lines.append([cell.replace("|", "\\|").replace("\n", " ") for cell in cells])
    text = "\n".join(f"| {' | '.join(cells)} |" for cells in lines)
    return text if verdicts is None else f"{text}\n\nThe same before and after: {same}."


def main(arguments: Sequence[str]) -> int:
    """Print the table of the files that were named."""
    named = list(arguments)
    if not named or named[0] in ("-h", "--help"):
        print(__doc__)
        return 0 if named else 2
    checkout = None
    if named[0] == "--before":
        checkout, named = Path(named[1]), named[2:]
    paths = [Path(one) for one in named]
    found = [row for path in paths for row in rows(path)]
    print(table(found, before(checkout, paths) if checkout else None))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
