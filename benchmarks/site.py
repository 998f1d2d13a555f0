"""`python -m benchmarks.site --runs 1000`: what a site of all runs costs, and how soon it is there.

The runs are made here from hand-made samples, in a temporary folder, as a team makes them: of ten
one is a profile of six cases by two methods, five time one case, three only check, and one failed.
Timed are whole commands, each in a process of its own. Where there is a Chromium, it opens the list
from its file. Exits with 1 where a goal is missed.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, timezone
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

if TYPE_CHECKING:
    from remote_payload.contract.result import Result

FIRST = datetime(2026, 1, 1, tzinfo=timezone.utc)
RUNS, A_COMMIT = 1000, 25
# For 1,000 runs, on two cores; an update, of one run more; until the list is drawn.
BUILD_S, SIZE_MB, UPDATE_S, OPEN_S = 60.0, 20.0, 6.0, 1.0
MIX = ("profile", "bench", "check", "bench", "bench", "check", "bench", "failed", "bench", "check")


@dataclass(frozen=True)
class Figure:
    """goal: the most it may be; None where there is none."""

    what: str
    value: float
    unit: str
    goal: float | None

    @property
    def is_met(self) -> bool:
        return self.goal is None or self.value <= self.goal

    @property
    def line(self) -> str:
        goal = (
            ""
            if self.goal is None
            else f"  goal {self.goal:g}: {'met' if self.is_met else 'MISSED'}"
        )
        return f"{self.what:44} {self.value:8.2f} {self.unit:3}{goal}"


def main(arguments: Sequence[str]) -> int:
    """Print the figures; 1 where a goal is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=RUNS)
    parser.add_argument("--all-large", action="store_true", help="only profiles of six cases")
    parser.add_argument("--keep", type=Path, help="leave runs and site in this new folder")
    given = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        place = given.keep or Path(folder)
        figures = measured(place, given.runs, ("profile",) if given.all_large else MIX)
    print(f"{given.runs} runs, {os.cpu_count()} CPUs, load before {os.getloadavg()[0]:.2f}")
    for one in figures:
        print(one.line)
    return 0 if all(one.is_met for one in figures) else 1


def measured(place: Path, number: int, mix: Sequence[str]) -> list[Figure]:
    """A site from nothing, again, with one run more, and in a browser."""
    runs, site, scale = place / "runs", place / "site", number / RUNS
    kept = templates_of(mix)
    make(runs, range(number), mix, kept)
    time.sleep(0.2)  # what was written this moment is made again
    first = made(runs, site)
    again = made(runs, site)
    make(runs, range(number, number + 1), mix, kept)
    time.sleep(0.2)
    more = made(runs, site)
    size = sum(path.stat().st_size for path in site.rglob("*") if path.is_file())
    figures = [
        Figure("from nothing", first["wall_s"], "s", BUILD_S * scale),
        Figure("all of it, on disk", size / 1e6, "MB", SIZE_MB * scale),
        Figure("of that a page of a run", _mean(site / "runs"), "kB", None),
        Figure("again, nothing changed", again["wall_s"], "s", UPDATE_S * max(scale, 1)),
        Figure(
            f"one run more: {more['written']} pages", more["wall_s"], "s", UPDATE_S * max(scale, 1)
        ),
    ]
    opened = opened_s(site / "index.html")
    return figures + ([Figure("list drawn in Chromium", opened, "s", OPEN_S)] if opened else [])


def _mean(folder: Path) -> float:
    sizes = [path.stat().st_size for path in folder.iterdir()]
    return sum(sizes) / len(sizes) / 1e3


def made(runs: Path, site: Path) -> dict[str, Any]:
    """One command, and how long it took, the start of Python included."""
    command = [
        sys.executable,
        "-m",
        "orchestrator",
        "--runs",
        str(runs),
        "site",
        str(site),
        "--json",
    ]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    began = time.perf_counter()
    told = subprocess.run(
        command, capture_output=True, text=True, check=True, cwd=runs.parent, env=environment
    )
    return {**json.loads(told.stdout), "wall_s": time.perf_counter() - began}


def templates_of(mix: Sequence[str]) -> dict[str, Result]:
    """By kind, the result that all its runs are copies of."""
    from remote_payload.contract.words import Stage, Status
    from tests.report import synthetic

    large = synthetic.gpu_result()
    of = synthetic.case(96)
    small = replace(
        large,
        request=replace(large.request, cases=(of,)),
        checks=tuple(one for one in large.checks if one.case == of),
        bench=tuple(one for one in large.bench if one.case == of),
        cases=tuple(one for one in large.cases if one.case == of),
    )
    stages = tuple(one for one in small.stages if one.stage is not Stage.BENCH)
    asked = replace(small.request, stages=tuple(one.stage for one in stages))
    check = replace(small, request=asked, stages=stages, bench=())
    failed = replace(check, status=Status.FAILED, reason="sparsek does not compile", checks=())
    known = {"profile": large, "bench": small, "check": check, "failed": failed}
    return {name: known[name] for name in mix}


def make(runs: Path, which: range, mix: Sequence[str], kept: dict[str, Result]) -> None:
    """Runs that are home, each with its own times and all that its card says of it."""
    from orchestrator.store.runs import binding
    from orchestrator.store.runs.run_store import RESULT, RunStore
    from orchestrator.values.job import Ending, JobEnd
    from orchestrator.values.run import Revision
    from orchestrator.workflows.publishing.summary import summarise
    from remote_payload.contract import codec
    from tests.report import synthetic

    store = RunStore(runs)
    for number in which:
        kind, at = mix[number % len(mix)], FIRST + timedelta(hours=1.7 * number)
        verb = "check" if kind == "failed" else kind
        commit = sha256(str(number // A_COMMIT).encode()).hexdigest()[:40]
        card = replace(
            synthetic.run(None).card,
            run_id=f"{at:%Y%m%d-%H%M%S}-h100-{verb}",
            verb=verb,
            host="h100",
            created_at=f"{at:%Y-%m-%dT%H:%M:%SZ}",
            revisions=(Revision(commit, number % 9 != 0, "", "main", at.isoformat()),),
            tags=("paper",) if number % 100 == 0 else (),
        )
        like = _slower(kept[kind], 1 + 0.002 * (number * 7 % 11))
        folder = store.folder(store.create(card, like.request).run_id)
        result = replace(like, request=store.request(folder))
        (folder / RESULT).write_text(codec.dumps(result))
        store.record_end(folder, JobEnd(Ending.EXIT, 0), [binding.lies_there(folder, RESULT)])
        summarise(store, store.load(folder), folder)


def _slower(result: Result, by: float) -> Result:
    """Ours alone, so that the ratio has a history."""
    bench = tuple(
        replace(one, samples_us=tuple(round(us * by, 4) for us in one.samples_us))
        if one.provider == "sparsek" else one
        for one in result.bench
    )  # fmt: skip
    return replace(result, bench=bench)


def opened_s(page: Path) -> float | None:
    """From the call until the list is drawn; None where there is no browser to be asked."""
    try:
        from playwright.sync_api import sync_playwright

        from orchestrator.workflows.publishing.paper import chromium

        program = chromium()
    except Exception:  # what is not there is not measured
        return None
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        tab = browser.new_page()
        tab.goto("about:blank")
        began = time.perf_counter()
        tab.goto(page.resolve().as_uri())
        tab.wait_for_selector("#list li")
        taken_s = time.perf_counter() - began
        browser.close()
    return taken_s


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
