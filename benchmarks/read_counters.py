"""How long `orchestrator import-ncu` takes for a large file, as a whole command.

    python -m benchmarks.read_counters
    python -m benchmarks.read_counters --mb 1 --rounds 1 --no-page      a smoke run

The files are made here: as many counters as a full collection has, and in one counter of four no
two numbers alike, as in a real raw page (a column's equal cells are read once).
"""

from __future__ import annotations

import csv
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median

import click

from benchmarks.pull import write_between
from benchmarks.samples import machine
from orchestrator.readers.ncu import identity

_REPOSITORY = Path(__file__).resolve().parent.parent
PAGE = _REPOSITORY / "docs" / "performance.md"
_BEGIN, _END = "<!-- counters benchmark: begin -->", "<!-- counters benchmark: end -->"
_KEPT = ("date", "machine", "kernel", "load before", "Python")
LIMIT_S = 5.0  # of CPU: on a quiet machine it is the time one waits
_DISTINCT = 4
COUNTERS = 464  # of each launch on a raw page of a full collection on sm_100
_IDENTITY = tuple(name for name in identity.COLUMNS if name != "Invocations")
_DETAILS = ("Section Name", "Metric Name", "Metric Unit", "Metric Value")
_UNITS = ("byte", "cycle", "%", "inst", "ns", "Kbyte", "sector", "")


@dataclass(frozen=True)
class Sample:
    """One command. cpu_s: of all its threads."""

    file: str
    size_bytes: int
    output: str
    round: int
    seconds: float
    cpu_s: float


@click.command(help=__doc__)
@click.option("--mb", type=click.FloatRange(0.1), default=11.7, show_default=True)
@click.option("--rounds", type=click.IntRange(1), default=3, show_default=True)
@click.option("--page/--no-page", default=True)
def main(mb: float, rounds: int, page: bool) -> None:
    """Make the files, time the commands in turn, write the page."""
    facts = {name: value for name, value in machine().items() if name in _KEPT}
    facts["machine"] = facts["machine"].removesuffix(", both ends on this one machine")
    with tempfile.TemporaryDirectory() as folder:
        files = {
            "raw page": _write(Path(folder) / "raw.csv", mb, _raw()),
            "details page": _write(Path(folder) / "details.csv", mb, _details()),
        }
        samples = [
            _timed(file, path, output, number)
            for number in range(rounds)
            for file, path in files.items()
            for output in ("page", "--json")
        ]
    for sample in samples:
        click.echo(json.dumps(asdict(sample)))
    if page:
        write_between(PAGE, _BEGIN, _END, _text(facts, samples))


def _launch(number: int, chance: random.Random) -> list[str]:
    kernel = f"void kernel_{number % 49}<float, (int){number % 49}>(const float *, int)"
    grid = f"({chance.randrange(1, 9999)}, 1, 1)"
    return [str(number), "1", "app", "127.0.0.1", kernel, "1", "7", "(256, 1, 1)", grid, "0", "9.0"]


def _value(chance: random.Random) -> str:
    number = chance.uniform(0, 10 ** chance.randrange(2, 8))
    return f"{number:.2f}" if chance.random() < 0.5 else str(int(number))


def _values(number: int, chance: random.Random) -> Iterator[str]:
    for i in range(COUNTERS):
        yield str(100 * i + number % 4) if i % _DISTINCT else _value(chance)


def _names() -> list[str]:
    return [f"unit{number % 40}__counter_of_something_{number}.sum" for number in range(COUNTERS)]


def _raw() -> Iterator[list[str]]:
    chance = random.Random(1)
    yield [*_IDENTITY, *_names()]
    yield [*[""] * len(_IDENTITY), *(_UNITS[i % len(_UNITS)] for i in range(COUNTERS))]
    number = 0
    while True:
        yield [*_launch(number, chance), *_values(number, chance)]
        number += 1


def _details() -> Iterator[list[str]]:
    chance = random.Random(2)
    yield [*_IDENTITY, *_DETAILS]
    number = 0
    while True:
        launch = _launch(number, chance)
        for i, (name, value) in enumerate(zip(_names(), _values(number, chance), strict=True)):
            unit = _UNITS[i % len(_UNITS)]
            yield [*launch, "Command line profiler metrics", name, unit, value]
        number += 1


def _write(path: Path, mb: float, rows: Iterator[list[str]]) -> Path:
    with path.open("w", newline="") as out:
        write = csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\n").writerow
        while out.tell() < mb * 1e6:
            write(next(rows))
    return path


def _timed(file: str, path: Path, output: str, number: int) -> Sample:
    options = ["--json"] if output == "--json" else []
    command = [sys.executable, "-m", "orchestrator", "import-ncu", str(path), *options]
    before, start = os.times(), time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    seconds, after = time.perf_counter() - start, os.times()
    cpu_s = sum(after[2:4]) - sum(before[2:4])
    return Sample(file, path.stat().st_size, output, number, seconds, cpu_s)


def _text(facts: dict[str, str], samples: list[Sample]) -> str:
    lines = ["| | |", "|---|---|", *(f"| {name} | {value} |" for name, value in facts.items()), ""]
    lines += ["| File | MB | Output | Median, s | CPU, s | n | Limit of CPU, s | |"]
    lines += ["|---|--:|---|--:|--:|--:|--:|---|"]
    for file, output in dict.fromkeys((one.file, one.output) for one in samples):
        own = [one for one in samples if (one.file, one.output) == (file, output)]
        seconds, cpu_s = median(one.seconds for one in own), median(one.cpu_s for one in own)
        lines.append(
            f"| {file} | {own[0].size_bytes / 1e6:.1f} | {output} | {seconds:.1f} | {cpu_s:.1f} | "
            f"{len(own)} | ≤ {LIMIT_S:.0f} | {'PASS' if cpu_s <= LIMIT_S else 'MISS'} |"
        )
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
