"""`python -m benchmarks.readme_table`: the README's figures, from the runs committed in results/.

Each file of benchmarks/results/ is the result.json of a run on a GPU. Nothing is typed by hand:
with no file there, the README says that nothing was measured yet. --check only compares.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from orchestrator.performance.stats import ratio
from orchestrator.report.figures import Figure, Figures, figures
from orchestrator.report.wording import format as fmt
from orchestrator.report.wording.plain import plain
from orchestrator.store.runs import run_files
from remote_payload.contract.case import Case
from remote_payload.contract.result import Result
from remote_payload.contract.words import Method, Status
from remote_payload.operators.attention.catalog import OURS, OWN

ROOT = Path(__file__).parents[1]
README, RESULTS = ROOT / "README.md", ROOT / "benchmarks" / "results"
BEGIN, END = "<!-- results: begin -->", "<!-- results: end -->"
NOT_MEASURED = "The kernel's speed on Hopper is **not yet measured**."
_METHODS = (Method.BACK_TO_BACK, Method.GRAPH, Method.COLD)
_HEADER = (
    f"| Case | Method | {OURS}, µs/head | Fastest other | its µs/head | {OURS} is faster by |",
    "|---|---|---|---|---|---|",
)


def table(results: Sequence[tuple[str, Result]]) -> str:
    """Markdown for (file name, result) pairs, newest first. ValueError: a run without a GPU."""
    if not results:
        return NOT_MEASURED + "\n"
    newest = sorted(results, key=lambda pair: pair[1].started_at, reverse=True)
    return "\n".join(_run(name, result) for name, result in newest)


def _run(name: str, result: Result) -> str:
    derived = figures(result)
    machine = result.machine
    if machine is None or not derived.on_gpu:
        raise ValueError(f"{name}: was not taken on a GPU; such figures do not belong here")
    facts = (
        machine.gpu or "unknown GPU",
        f"driver {machine.driver or 'unknown'}",
        f"torch {machine.torch or 'unknown'}",
        result.started_at[:10],
        f"run {result.request.run_id}",
    )
    lines = [", ".join(map(plain, facts)) + ":", ""]
    if result.status is not Status.OK:
        lines += [f"This run ended as {result.status.value}: {plain(result.reason)}", ""]
    rows = [row for method in _METHODS for row in _rows(derived, method)]
    lines += [*_HEADER, *rows] if rows else [NOT_MEASURED]
    return "\n".join([*lines, ""])


def _rows(derived: Figures, method: Method) -> list[str]:
    timed = [row for row in derived.of_method(method) if row.trusted]
    cases = dict.fromkeys(row.record.case for row in timed)
    return [line for case in cases if (line := _row(timed, case, method))]


def _row(timed: Sequence[Figure], case: Case, method: Method) -> str:
    here = [row for row in timed if row.record.case == case and row.trusted]
    ours = next((row for row in here if row.record.provider == OURS), None)
    others = [row for row in here if row.record.provider not in OWN]
    if ours is None or ours.trusted is None:
        return ""
    waited = fmt.HOST_BOUND_NOTE if ours.host_bound else ""
    cells = [case.label, method.value, fmt.with_interval(ours.trusted, ours.facts.per) + waited]
    best = min(others, key=lambda row: row.trusted.median_us if row.trusted else 0.0, default=None)
    if best is None or best.trusted is None:
        cells += [fmt.NONE] * 3
    else:
        theirs = fmt.with_interval(best.trusted, best.facts.per)
        theirs += fmt.HOST_BOUND_NOTE if best.host_bound else ""
        # What the host's time would decide is left to the row of the graphs.
        speedup = ratio(best.record.samples_us, ours.record.samples_us)
        known = not (ours.host_bound or best.host_bound)
        cells += [best.record.provider, theirs, fmt.times(speedup) if known else fmt.NONE]
    return "| " + " | ".join(map(plain, cells)) + " |"


def read(folder: Path) -> list[tuple[str, Result]]:
    """All results of a folder, which need not exist."""
    return [(path.name, run_files.result_at(path)) for path in sorted(folder.glob("*.json"))]


def placed(page: str, text: str) -> str:
    """`page` with `text` between its markers. ValueError: it has none."""
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"the page lacks the lines {BEGIN} and {END}")
    return f"{before}{BEGIN}\n{text}{END}{after}"


def main(arguments: Sequence[str], readme: Path = README, results: Path = RESULTS) -> int:
    """Write the table, or with --check say whether it is what the results give."""
    page = readme.read_text("utf-8")
    wanted = placed(page, table(read(results)))
    if "--check" in arguments:
        if page != wanted:
            print("README.md differs from its results; run: python -m benchmarks.readme_table")
        return int(page != wanted)
    readme.write_text(wanted, "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
