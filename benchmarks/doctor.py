"""doctor side by side with a plain `ssh host true`, and beside a hanging nvidia-smi.

    python -m benchmarks.doctor                     0 and 100 ms, 7 rounds (root)
    python -m benchmarks.doctor --rtt-ms 0          without root
    python -m benchmarks.doctor --rounds 1 --no-page      a smoke run

A real sshd with keys of its own; every answer of doctor is read and has to be whole.
"""

from __future__ import annotations

import json
import os
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
from benchmarks.measure import round_trip_ms
from benchmarks.near import measured
from benchmarks.pull import write_between
from benchmarks.samples import machine
from benchmarks.server import Server
from orchestrator.store.inventory import reading as inventory
from orchestrator.transport.connect import Trust, connect
from orchestrator.workflows.diagnose import diagnose

_REPOSITORY = Path(__file__).resolve().parent.parent
PAGE = _REPOSITORY / "docs" / "performance.md"
SAMPLES = _REPOSITORY / "benchmarks" / "doctor_samples.json"
HANGING = _REPOSITORY / "tests" / "fixtures" / "doctor" / "hanging"
_BEGIN, _END = "<!-- doctor benchmark: begin -->", "<!-- doctor benchmark: end -->"
_UNUSED = ("fabric", "rsync", "git")  # tools that have no part in this
LIMIT_S = 60.0

SSH, COMMAND, CONNECT, HUNG = (
    "`ssh host true`",
    "`orchestrator doctor`, the start of Python included",
    "ours, from connect on",
    "`orchestrator doctor`, nvidia-smi hangs",
)
# Seconds at most, of a whole command, at 100 ms.
GOALS = {(COMMAND, 100): 3.0}


@dataclass(frozen=True)
class Order:
    """What the near end measures. place: a folder with the server's own in it."""

    rtt_ms: int
    rounds: int
    place: str


@dataclass(frozen=True)
class Sample:
    """One timed look."""

    rtt_ms: int
    method: str
    round: int
    seconds: float


@click.command(help=__doc__)
@click.option("--rtt-ms", type=click.IntRange(0), multiple=True, default=(0, 100))
@click.option("--rounds", type=click.IntRange(1), default=7, show_default=True)
@click.option(
    "--page/--no-page",
    "with_page",
    default=True,
    help="Write docs/performance.md and the samples beside this file.",
)
def main(rtt_ms: tuple[int, ...], rounds: int, with_page: bool) -> None:
    facts = {name: value for name, value in machine().items() if name not in _UNUSED}
    taken: list[Sample] = []
    for delay in dict.fromkeys(rtt_ms):
        try:
            with (
                delayed(delay) if delay else loopback() as line,
                tempfile.TemporaryDirectory(prefix="bsk-doctor-") as folder,
            ):
                measured, found = _measured(line, Order(delay, rounds, folder))
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


def _measured(line: Line, order: Order) -> tuple[str, list[Sample]]:
    """The measured round trip, and the samples, of one line."""
    program = ("-c", "from benchmarks.doctor import near_end; near_end()")
    round_trip, lines = measured(line, order, program)
    return round_trip, [Sample(**json.loads(text)) for text in lines]


def near_end() -> None:
    """Runs inside the line's namespace; stdout: the round trip, then one sample a line."""
    order = Order(**json.loads(sys.argv[1]))
    server = Server(sys.argv[2], int(sys.argv[3]), sys.argv[4], Path(order.place, "server"))
    print(f"{round_trip_ms(server.address, server.port):.1f} ms", flush=True)
    for sample in _samples(order, server):
        print(json.dumps(asdict(sample)), flush=True)


def _samples(order: Order, server: Server) -> Iterator[Sample]:
    """In every round each method once, starting with another one each round."""
    usual, hanging = _inventories(order, server)
    methods: dict[str, Callable[[], None]] = {
        SSH: partial(_ssh, server),
        COMMAND: partial(_command, usual),
        CONNECT: partial(_from_connect, usual),
        HUNG: partial(_command, hanging, hangs=True),
    }
    names = list(methods)
    for round_ in range(order.rounds):
        by = round_ % len(names)
        for name in names[by:] + names[:by]:
            began = time.perf_counter()
            methods[name]()
            yield Sample(order.rtt_ms, name, round_, time.perf_counter() - began)


def _inventories(order: Order, server: Server) -> tuple[Path, Path]:
    """The same server twice; in the second, jobs and doctor meet an nvidia-smi that hangs."""
    path = f"{HANGING}:{os.environ.get('PATH', os.defpath)}"
    found = []
    for name, more in (("usual", ""), ("hanging", f"    env: {{PATH: {json.dumps(path)}}}\n")):
        folder = Path(order.place, name)
        folder.mkdir()
        file = folder / "inventory.yaml"
        file.write_text(server.inventory(folder / "workspace") + more)
        found.append(file)
    return found[0], found[1]


def _ssh(server: Server) -> None:
    words = [*server.ssh_words, f"{server.user}@{server.address}", "true"]
    subprocess.run(words, check=True, stdin=subprocess.DEVNULL, timeout=LIMIT_S)


def _command(file: Path, hangs: bool = False) -> None:
    """The exit status is the host's fitness, which is not what is measured here."""
    done = subprocess.run(
        [sys.executable, "-m", "orchestrator", "--inventory", str(file), "doctor", "--json"],
        cwd=file.parent,
        env=os.environ | {"PYTHONPATH": str(_REPOSITORY)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
        check=False,
    )
    if done.returncode not in (0, 4):
        raise SystemExit(f"doctor exited {done.returncode}: {done.stderr.strip()[-600:]}")
    if ("nvidia_smi" in json.loads(done.stdout)["facts"]["silent"]) is not hangs:
        raise SystemExit("doctor did not meet the nvidia-smi that it was to meet")


def _from_connect(file: Path) -> None:
    host = inventory.load(file, os.environ).host("bench")
    with connect(host, Trust(file.parent / "known_hosts")) as transport:
        if diagnose(transport).facts.silent:
            raise SystemExit("doctor did not see everything")


def render(taken: list[Sample], facts: dict[str, str]) -> str:
    """The generated part of the page."""
    parts = ["| | |\n|---|---|", *(f"| {name} | {value} |" for name, value in facts.items()), ""]
    parts += ["| Round trip | What | Median, s | Fastest, slowest | n | Limit | |"]
    parts += ["|--:|---|--:|--:|--:|--:|---|"]
    for rtt_ms in dict.fromkeys(sample.rtt_ms for sample in taken):
        for method in (SSH, COMMAND, CONNECT, HUNG):
            of_it = [s.seconds for s in taken if (s.rtt_ms, s.method) == (rtt_ms, method)]
            parts.append(_row(rtt_ms, method, of_it))
    return "\n".join(parts) + "\n"


def _row(rtt_ms: int, method: str, seconds: list[float]) -> str:
    goal = GOALS.get((method, rtt_ms))
    middle = median(seconds)
    verdict = "" if goal is None else "PASS" if middle < goal else "MISS"
    limit = "none" if goal is None else f"< {goal:g} s"
    spread = f"{min(seconds):.2f}, {max(seconds):.2f}"
    cells = (f"{rtt_ms} ms", method, f"{middle:.2f}", spread, str(len(seconds)), limit, verdict)
    return f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    main()
