"""`python -m benchmarks.contact.bring_home gpu.tgz`: what a contact brought, put in place.

Run folders go to runs/, where `orchestrator report` finds them; every result with times of a GPU
goes, with its raw samples, to benchmarks/results/; the README's table is made anew of those.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from pathlib import Path

from benchmarks import readme_table
from benchmarks.contact.archive import unpack_runs
from orchestrator.errors import RunError
from orchestrator.performance.objection import on_gpu
from orchestrator.store.runs import run_files
from remote_payload.contract import layout

RUNS = readme_table.ROOT / "runs"


def keep(run: Path, results: Path) -> tuple[Path | None, str]:
    """Copy a run's result to `results`, if it holds times of a GPU; where, and so in words."""
    try:
        result = run_files.result(run)
    except RunError as exc:
        return None, f"{run.name}: its result cannot be read: {exc}"
    if result is None:
        return None, f"{run.name}: no result; its log.txt says how far it came"
    if not any(record.samples_us for record in result.bench):
        return None, f"{run.name}: no times"
    if not on_gpu(result):
        return None, f"{run.name}: not taken on a GPU, so it is no figure of ours"
    gpu = result.machine.gpu if result.machine and result.machine.gpu else "gpu"
    name = re.sub(r"[^a-z0-9]+", "-", gpu.lower()).strip("-")
    path = results / f"{name}-{run.name}.json"
    results.mkdir(parents=True, exist_ok=True)
    path.write_bytes((run / layout.RESULT).read_bytes())
    return path, f"{run.name}: {path.relative_to(results.parent.parent)}"


def main(
    arguments: Sequence[str],
    runs: Path = RUNS,
    readme: Path = readme_table.README,
    results: Path = readme_table.RESULTS,
) -> int:
    """Bring home every archive named; 1 if one of them holds nothing."""
    if not arguments:
        print("usage: make gpu-results FROM='gpu.tgz [more.tgz ...]'", file=sys.stderr)
        return 2
    status, home, kept = 0, [], []
    for argument in arguments:
        try:
            for run in unpack_runs(Path(argument), runs):
                path, said = keep(run, results)
                print(said)
                home.append(run.name)
                kept += [path] if path else []
        except ValueError as exc:
            print(exc, file=sys.stderr)
            status = 1
    readme_table.main([], readme, results)
    steps = [f"orchestrator report {name}" for name in sorted(home)]
    if kept:
        steps.append(f"git add {results.relative_to(results.parent.parent)} {readme.name}")
    if steps:
        print(f"next: {'; '.join(steps)}")
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
