"""Pull side by side: scp, and ours from connect on; and how fast a log streams.

    python -m benchmarks.pull                     0 and 100 ms, 200 MB (root)
    python -m benchmarks.pull --rtt-ms 0          without root
    python -m benchmarks.pull --mb 5 --rounds 1 --no-page      a smoke run

A real sshd with keys of its own; every file is compared byte for byte after its time is taken.
"""

from __future__ import annotations

import filecmp
import json
import os
import random
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from statistics import median

import click

from benchmarks.line import Line, NoLine, delayed, loopback
from benchmarks.near import measured
from benchmarks.samples import machine
from benchmarks.server import Server
from orchestrator.launch.detached import DetachedLauncher
from orchestrator.store.inventory import reading as inventory
from orchestrator.transport.connect import Trust, connect
from orchestrator.values.host import Host
from orchestrator.values.progress import Silence

_REPOSITORY = Path(__file__).resolve().parent.parent
PAGE = _REPOSITORY / "docs" / "performance.md"
SAMPLES = _REPOSITORY / "benchmarks" / "pull_samples.json"
_BEGIN, _END = "<!-- pull benchmark: begin -->", "<!-- pull benchmark: end -->"
LOG_BYTES = 10_000_000
RANDOM, REPORT, LOG = "incompressible", "profiler report", "log, 10 MB"
# What ours may take at most, as a share of scp's time in the same session.
GOALS = {(RANDOM, 100): 0.8, (REPORT, 100): 0.4, (RANDOM, 0): 1.3}
LOG_GOAL_MB_PER_S = 20


@dataclass(frozen=True)
class Order:
    """What the near end measures. workspace: the far end's, on this same disk."""

    rtt_ms: int
    rounds: int
    workspace: str
    place: str


@dataclass(frozen=True)
class Sample:
    """One timed transfer."""

    rtt_ms: int
    content: str
    method: str
    round: int
    size_bytes: int
    seconds: float


@click.command(help=__doc__)
@click.option("--rtt-ms", type=click.IntRange(0), multiple=True, default=(0, 100))
@click.option("--mb", type=click.IntRange(1), default=200, show_default=True)
@click.option("--rounds", type=click.IntRange(1), default=3, show_default=True)
@click.option(
    "--report",
    "reports",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    multiple=True,
    help="Real .ncu-rep files to repeat up to the size; else synthetic bytes stand in for them.",
)
@click.option(
    "--page/--no-page",
    "with_page",
    default=True,
    help="Write docs/performance.md and the samples beside this file.",
)
def main(
    rtt_ms: tuple[int, ...], mb: int, rounds: int, reports: tuple[Path, ...], with_page: bool
) -> None:
    facts = machine()
    facts["profiler report"] = (
        f"{len(reports)} real files, repeated" if reports else "synthetic records"
    )
    taken: list[Sample] = []
    for delay in dict.fromkeys(rtt_ms):
        try:
            with delayed(delay) if delay else loopback() as line:
                with tempfile.TemporaryDirectory(prefix="bsk-pull-", dir=_fast_disk()) as folder:
                    place = Path(folder)
                    _fill(place / "workspace" / "jobs", mb * 1_000_000, reports)
                    order = Order(delay, rounds, str(place / "workspace"), folder)
                    measured, found = _measured(line, order)
                facts[f"line of {delay} ms"] = f"{line.how}; TCP connects in {measured}"
                taken += found
        except NoLine as reason:
            raise click.ClickException(str(reason)) from reason
    text = render(taken, facts)
    click.echo(text)
    if with_page:
        lines = ",\n".join(json.dumps(asdict(sample)) for sample in taken)
        SAMPLES.write_text(
            f'{{"facts": {json.dumps(facts, indent=1)},\n"samples": [\n{lines}\n]}}\n'
        )
        write_between(PAGE, _BEGIN, _END, text)


def _fast_disk() -> str:
    """Memory keeps the disk's own noise out."""
    return "/dev/shm" if Path("/dev/shm").is_dir() else tempfile.gettempdir()


def _fill(jobs: Path, size: int, reports: tuple[Path, ...]) -> None:
    """Jobs that have ended, one for each content."""
    for name, data in ((RANDOM, os.urandom(16 << 20)), (REPORT, _report_bytes(reports))):
        (jobs / name / "artifacts").mkdir(parents=True)
        (jobs / name / "artifacts" / "file.bin").write_bytes(_repeated(data, size))
    (jobs / LOG).mkdir()
    line = b"[profile] a line of a log as a payload prints it, with a number: 0123456789\n"
    (jobs / LOG / "log.txt").write_bytes(_repeated(line, LOG_BYTES))
    (jobs / LOG / "end.json").write_text('{"why": "exit", "exit_status": 0}')


def _report_bytes(reports: tuple[Path, ...]) -> bytes:
    """Real reports, or records of a few fields that compress as well as those do: 3 to 5 times."""
    if reports:
        return b"".join(file.read_bytes() for file in reports)
    source = random.Random(4)
    words = [source.randbytes(6) for _ in range(400)]
    return b"".join(source.choice(words) + source.randbytes(1) + bytes(5) for _ in range(700_000))


def _repeated(data: bytes, size: int) -> bytes:
    return (data * (size // len(data) + 1))[:size]


def _measured(line: Line, order: Order) -> tuple[str, list[Sample]]:
    """The measured round trip, and the samples, of one line."""
    program = ("-c", "from benchmarks.pull import near_end; near_end()")
    round_trip, lines = measured(line, order, program)
    return round_trip, [Sample(**json.loads(text)) for text in lines]


def near_end() -> None:
    """Runs inside the line's namespace; stdout: the round trip, then one sample a line."""
    order = Order(**json.loads(sys.argv[1]))
    server = Server(sys.argv[2], int(sys.argv[3]), sys.argv[4], Path(order.place, "server"))
    began = time.perf_counter()
    socket.create_connection((server.address, server.port), timeout=10).close()
    print(f"{(time.perf_counter() - began) * 1000:.1f} ms", flush=True)
    for sample in _samples(order, server):
        print(json.dumps(asdict(sample)), flush=True)


def _samples(order: Order, server: Server) -> Iterator[Sample]:
    """In every round each content, in each content both methods, the first one alternating."""
    methods = {"scp": _scp, "ours": _ours}
    here, file = Path(order.place, "here"), Path("artifacts", "file.bin")
    for round_ in range(order.rounds):
        for content in (RANDOM, REPORT):
            there = Path(order.workspace, "jobs", content)
            for name in sorted(methods, reverse=bool(round_ % 2)):
                seconds = _timed(partial(methods[name], server, there, here))
                if not filecmp.cmp(there / file, here / file, shallow=False):
                    raise SystemExit(f"{name}: {content} arrived damaged")
                shutil.rmtree(here)
                size = (there / file).stat().st_size
                yield Sample(order.rtt_ms, content, name, round_, size, seconds)
        seconds = _timed(lambda: _follow(server, Path(order.workspace)))
        yield Sample(order.rtt_ms, LOG, "ours", round_, LOG_BYTES, seconds)


def _timed(act: Callable[[], object]) -> float:
    began = time.perf_counter()
    act()
    return time.perf_counter() - began


def _scp(server: Server, there: Path, here: Path) -> None:
    (here / "artifacts").mkdir(parents=True)
    # scp takes ssh's words, but for the name of the port's option.
    options = ["-P" if word == "-p" else word for word in server.ssh_words[1:]]
    source = f"{server.user}@{server.address}:{there / 'artifacts' / 'file.bin'}"
    words = ["scp", "-q", *options, source, str(here / "artifacts")]
    subprocess.run(words, check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)


def _ours(server: Server, there: Path, here: Path) -> None:
    with connect(_host(server, there.parent.parent), Trust(here / "known_hosts")) as transport:
        DetachedLauncher(transport).pull(there.name, here, Silence())


def _follow(server: Server, workspace: Path) -> None:
    """The log of an ended job, all of it; the connection is counted too."""
    arrived = bytearray()
    with connect(_host(server, workspace), Trust(workspace / "known_hosts")) as transport:
        DetachedLauncher(transport).follow(LOG, 0, arrived.extend, lambda _beat: None)
    if bytes(arrived) != (workspace / "jobs" / LOG / "log.txt").read_bytes():
        raise SystemExit("the log arrived damaged")


def _host(server: Server, workspace: Path) -> Host:
    file = workspace / "inventory.yaml"
    file.write_text(server.inventory(workspace))
    return inventory.load(file, os.environ).host("bench")


def render(taken: list[Sample], facts: dict[str, str]) -> str:
    """The generated part of the page."""
    parts = ["| | |\n|---|---|", *(f"| {name} | {value} |" for name, value in facts.items()), ""]
    parts += ["| Round trip | Content | scp, s | ours, s | ours, MB/s | ours / scp | Limit | |"]
    parts += ["|--:|---|--:|--:|--:|--:|--:|---|"]
    for rtt_ms in dict.fromkeys(sample.rtt_ms for sample in taken):
        for content in (RANDOM, REPORT, LOG):
            parts.append(_row([s for s in taken if (s.rtt_ms, s.content) == (rtt_ms, content)]))
    return "\n".join(parts) + "\n"


def _row(samples: list[Sample]) -> str:
    first = samples[0]
    ours = [s.seconds for s in samples if s.method == "ours"]
    theirs = [s.seconds for s in samples if s.method == "scp"]
    rate = first.size_bytes / 1e6 / median(ours)
    cells = [f"{first.rtt_ms} ms", first.content, _cell(theirs), _cell(ours), f"{rate:.1f}"]
    if not theirs:
        limit = f"> {LOG_GOAL_MB_PER_S} MB/s" if first.rtt_ms == 0 else "none"
        verdict = "" if first.rtt_ms else ("PASS" if rate > LOG_GOAL_MB_PER_S else "MISS")
        return f"| {' | '.join([*cells, 'not measured', limit, verdict])} |"
    ratio, goal = median(ours) / median(theirs), GOALS.get((first.content, first.rtt_ms))
    verdict = "" if goal is None else "PASS" if ratio <= goal else "MISS"
    limit = "none" if goal is None else f"≤ {goal:.2f}"
    return f"| {' | '.join([*cells, f'{ratio:.2f}', limit, verdict])} |"


def _cell(seconds: list[float]) -> str:
    return f"{median(seconds):.2f} ({len(seconds)})" if seconds else "not measured"


def write_between(page: Path, begin: str, end: str, text: str) -> None:
    """Replace what stands between two markers; the rest of the page is written by hand."""
    before, _, rest = page.read_text().partition(begin)
    _, found, after = rest.partition(end)
    if not found:
        raise SystemExit(f"{page} has lost its markers {begin} and {end}")
    page.write_text(f"{before}{begin}\n{text}{end}{after}")


if __name__ == "__main__":
    main()
