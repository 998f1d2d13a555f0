"""`python -m benchmarks.index`: ten thousand runs, found: what the index of all runs costs.

The runs are copies of one result of this very code (made here from hand-made samples), with other
times, commits and medians, in a temporary folder; their files are bound by their digests as those
of any run. Each figure is of a whole command in a process of its own, the start of Python included;
the smallest and the median of all rounds are told. Writes its section of docs/performance.md.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import shutil
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from hashlib import sha256
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "performance.md"
BEGIN, END = "<!-- index benchmark: begin -->", "<!-- index benchmark: end -->"
RUNS, COMMITS, ROUNDS = 10_000, 400, 7
FIRST = datetime(2026, 1, 1, tzinfo=timezone.utc)
# Seconds of a whole command, and its memory at most.
BUILD_S, QUERY_S, MEMORY_MB = 10.0, 0.3, 150.0
VERBS, HOSTS = ("profile", "bench", "check", "bench"), ("h100", "b200", "local")


@dataclass(frozen=True)
class Command:
    """words: behind `orchestrator runs`, or those of `history`; limit_s: that it may take."""

    what: str
    words: tuple[str, ...]
    limit_s: float


COMMANDS = (
    Command("`runs list`, all of them", ("list",), QUERY_S),
    Command("`runs list --limit 20`", ("list", "--limit", "20"), QUERY_S),
    Command("`runs list --host h100`", ("list", "--host", "h100"), QUERY_S),
    Command("`runs list --status failed`", ("list", "--status", "failed"), QUERY_S),
    Command("`runs list --commit`, of one commit", ("list", "--commit", "COMMIT"), QUERY_S),
    Command("`runs list --json`, all of them", ("list", "--json"), 2 * QUERY_S),
    Command("`history sparsek --heads 96 --since 2026-03-01`",
            ("history", "sparsek", "--heads", "96", "--since", "2026-03-01"), QUERY_S),
    Command("`history sparsek --heads 96`, of all runs",
            ("history", "sparsek", "--heads", "96"), 2 * QUERY_S),
)  # fmt: skip


@dataclass(frozen=True)
class Taken:
    """seconds, first_s: to the end, and to the first byte of stdout; memory_mb: at most."""

    seconds: float
    first_s: float
    memory_mb: float


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=RUNS)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--dry", action="store_true", help="print, and write nothing")
    given = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        runs = Path(folder) / "runs"
        size = make(runs, given.runs)
        print(f"made {given.runs} runs, {size / 1e6:.0f} MB", file=sys.stderr)
        text = page(runs, given.rounds, size)
    print(text)
    if not given.dry:
        before, _, rest = PAGE.read_text("utf-8").partition(BEGIN)
        _, found, after = rest.partition(END)
        if not found:
            raise SystemExit(f"{PAGE} has no {BEGIN}")
        PAGE.write_text(f"{before}{BEGIN}\n{text}{END}{after}", "utf-8")
    return 0


def make(root: Path, number: int) -> int:
    """The runs; how many bytes they have."""
    like = _one(root)
    card, files = json.loads((like / "run.json").read_text()), _files(like)
    size = 0
    for which in range(number):
        at = FIRST + timedelta(minutes=13 * which)
        verb, host = VERBS[which % len(VERBS)], HOSTS[which // 5 % len(HOSTS)]
        run_id = f"{at:%Y%m%d-%H%M%S}-{host}-{verb}"
        folder = root / run_id
        folder.mkdir()
        bound = []
        for name, data in files.items():
            changed = data.replace(card["run_id"].encode(), run_id.encode())
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(changed)
            size += len(changed)
            digest = sha256(changed).hexdigest()
            bound.append({"path": name, "size_bytes": len(changed), "sha256": digest})
        told = json.dumps(_card(card, which, at, (run_id, verb, host), bound), indent=1) + "\n"
        (folder / "run.json").write_text(told)
        size += len(told)
    shutil.rmtree(like)
    time.sleep(0.2)  # what was written this moment is looked at again
    return size


def _card(
    like: Mapping[str, Any],
    which: int,
    at: datetime,
    names: tuple[str, str, str],
    bound: list[dict[str, Any]],
) -> dict[str, Any]:
    run_id, verb, host = names
    commit = sha256(str(which * COMMITS // RUNS).encode()).hexdigest()[:40]
    digest = next(one["sha256"] for one in bound if one["path"] == "result.json")
    slower = 1 + 0.01 * (which % 7)
    rows = [{**row, "median_us": row["median_us"] * slower} for row in like["summary"]["rows"]]
    revision = {
        "commit": commit, "is_clean": which % 9 != 0, "of": "", "branch": "main",
        "committed_at": at.isoformat(),
    }  # fmt: skip
    return {
        **like, "run_id": run_id, "verb": verb, "host": host, "after": "", "after_at": "",
        "created_at": f"{at:%Y-%m-%dT%H:%M:%SZ}", "files": bound, "revisions": [revision],
        "tags": ["paper"] if which % 1000 == 0 else [],
        "summary": {**like["summary"], "rows": rows, "result_sha256": digest},
    }  # fmt: skip


def _one(root: Path) -> Path:
    """A run that is home, with all that this code says of it."""
    sys.path.insert(0, str(ROOT))
    from orchestrator.store.runs.run_store import RunStore
    from orchestrator.workflows.publishing.summary import summarise
    from tests.store.bound import home

    store = RunStore(root)
    folder = home(store)
    summarise(store, store.load(folder), folder)
    return folder


def _files(folder: Path) -> dict[str, bytes]:
    names = sorted(path for path in folder.rglob("*") if path.is_file())
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in names
        if path.name != "run.json"
    }


def page(runs: Path, rounds: int, size: int) -> str:
    """What is written between the marks."""
    index = runs / ".index.sqlite"
    built = []
    for _ in range(max(rounds // 2, 1)):
        index.unlink(missing_ok=True)
        built.append(timed(runs, ("list",)))
    rows = [_row("index built from the folders, `runs list`", built, BUILD_S)]
    commit = sha256(b"7").hexdigest()[:40]
    every = {
        one: [timed(runs, [commit if word == "COMMIT" else word for word in one.words])
              for _ in range(rounds)]
        for one in COMMANDS
    }  # fmt: skip
    rows += [_row(one.what, taken, one.limit_s) for one, taken in every.items()]
    empty = [timed(runs, ("--help",)) for _ in range(rounds)]
    rows.append(_row("`runs --help`: what any command costs", empty, None))
    facts = {
        "date": f"{datetime.now(timezone.utc):%Y-%m-%d %H:%M} UTC",
        "machine": f"{os.cpu_count()} CPUs, {platform.machine()}",
        "load before": " ".join(f"{one:.2f}" for one in os.getloadavg()),
        "Python": platform.python_version(),
        "SQLite": sqlite3.sqlite_version,
        "runs": f"{sum(1 for _ in runs.iterdir()) - 1:,}, {size / 1e6:.0f} MB",
        "index": f"{index.stat().st_size / 1e6:.1f} MB",
    }
    return "\n".join(
        [
            "| | |\n|---|---|",
            *(f"| {name} | {value} |" for name, value in facts.items()),
            "",
            "| whole command | median s | smallest s | first byte s | memory MB | limit s | |",
            "|---|--:|--:|--:|--:|--:|---|",
            *rows,
            "",
        ]
    )


def _row(what: str, taken: Sequence[Taken], limit_s: float | None) -> str:
    middle = statistics.median(one.seconds for one in taken)
    least = min(one.seconds for one in taken)
    first = statistics.median(one.first_s for one in taken)
    memory = max(one.memory_mb for one in taken)
    met = ""
    if limit_s is not None:
        met = "met" if middle <= limit_s and memory <= MEMORY_MB else "missed"
    limit = "" if limit_s is None else f"{limit_s:g}"
    return f"| {what} | {middle:.2f} | {least:.2f} | {first:.2f} | {memory:.0f} | {limit} | {met} |"


def timed(runs: Path, words: Sequence[str]) -> Taken:
    """One command, in a process of its own whose memory a parent of its own can tell."""
    of_runs = () if words[0] == "history" else ("runs",)
    command = [sys.executable, "-m", "orchestrator", "--runs", str(runs), *of_runs, *words]
    script = [sys.executable, __file__, "--child", *command]
    told = subprocess.run(script, capture_output=True, text=True, check=True, cwd=runs.parent)
    return Taken(**json.loads(told.stdout))


def child(command: Sequence[str]) -> None:
    """Run it, and print what it took."""
    began = time.perf_counter()
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as made:
        assert made.stdout
        os.read(made.stdout.fileno(), 1)
        first = time.perf_counter() - began
        for _ in _blocks(made.stdout.fileno()):
            pass
        code = made.wait()
    seconds = time.perf_counter() - began
    if code:
        raise SystemExit(f"{command} ended with {code}")
    memory = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1e3
    print(json.dumps({"seconds": seconds, "first_s": first, "memory_mb": memory}))


def _blocks(descriptor: int) -> Iterator[bytes]:
    while block := os.read(descriptor, 1 << 20):
        yield block


if __name__ == "__main__":
    if sys.argv[1:2] == ["--child"]:
        child(sys.argv[2:])
    else:
        sys.exit(main(sys.argv[1:]))
