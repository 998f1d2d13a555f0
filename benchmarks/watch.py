"""The inner loop side by side: a turn of `orchestrator watch`, and by hand rsync, make and a run.

    python -m benchmarks.watch                     0 and 100 ms (root)
    python -m benchmarks.watch --rtt-ms 0          without root
    python -m benchmarks.watch --rounds 2 --no-page      a smoke run

By hand the same sources travel, and the same request, with the same check and the same race, is
carried out by a Python that starts for it, as whoever runs a script by hand starts one.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Any

import click

from benchmarks.line import Line, NoLine, delayed, loopback
from benchmarks.measure import round_trip_ms
from benchmarks.near import measured
from benchmarks.pull import write_between
from benchmarks.samples import machine
from benchmarks.server import Server
from remote_payload.contract import codec
from remote_payload.contract.plans import BenchPlan
from remote_payload.contract.request import Provider, Request
from remote_payload.contract.words import Device, Method, Stage

_REPOSITORY = Path(__file__).resolve().parent.parent
PAGE = _REPOSITORY / "docs" / "performance.md"
SAMPLES = _REPOSITORY / "benchmarks" / "watch_samples.json"
_BEGIN, _END = "<!-- watch benchmark: begin -->", "<!-- watch benchmark: end -->"
OURS, HAND = "watch", "by hand"
OWN_LIMIT_S, OWN_TRIPS, WHOLE_LIMIT = 0.150, 3, 0.5
BUDGET_S = 1.0
OPERATOR = """import torch
axes = {"M": 256, "N": 512}
dtypes = ["fp32"]
def inputs(M, N, dtype, generator): return torch.randn(M, N, dtype=dtype, generator=generator)
def reference(x): return torch.softmax(x, -1)
"""
KERNEL = """import torch
def soft(x):  # {}
    powers = torch.exp(x - x.amax(-1, keepdim=True))
    return powers / powers.sum(-1, keepdim=True)
"""
MAKEFILE = "all:\n\t@true\n"


@dataclass(frozen=True)
class Order:
    """What the near end measures. workspace: the far end's, on this same disk."""

    rtt_ms: int
    rounds: int
    workspace: str
    place: str


@dataclass(frozen=True)
class Sample:
    """One turn, from the save to its verdict. work_s: what of it were build, check and race, as the
    host tells; None where nobody told."""

    rtt_ms: int
    method: str
    round: int
    seconds: float
    work_s: float | None = None

    @property
    def own_s(self) -> float | None:
        return None if self.work_s is None else self.seconds - self.work_s


@click.command(help=__doc__)
@click.option("--rtt-ms", type=click.IntRange(0), multiple=True, default=(0, 100))
@click.option("--rounds", type=click.IntRange(1), default=9, show_default=True)
@click.option(
    "--page/--no-page",
    "with_page",
    default=True,
    help="Write docs/performance.md and the samples beside this file.",
)
def main(rtt_ms: tuple[int, ...], rounds: int, with_page: bool) -> None:
    facts, taken = machine(), list[Sample]()
    for delay in dict.fromkeys(rtt_ms):
        try:
            with delayed(delay) if delay else loopback() as line:
                with tempfile.TemporaryDirectory(prefix="bsk-watch-") as folder:
                    order = Order(delay, rounds, str(Path(folder, "workspace")), folder)
                    round_trip, found = _measured(line, order)
                facts[f"line of {delay} ms"] = f"{line.how}; TCP connects in {round_trip}"
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
    program = ("-c", "from benchmarks.watch import near_end; near_end()")
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
    """In every round a turn of each, the first one alternating. Texts alternate, so that there are
    always the state of now and one before it: a turn has the same racers in both."""
    here = Path(order.place, "here")
    hand = ByHand(server, here / "by-hand", Path(order.workspace) / "by-hand")
    with Watching(server, here / "watched", Path(order.workspace)).begun() as watch:
        for number in range(2):  # both have seen both texts before anything counts
            watch.turn(number)
            hand.turn(number)
        for round_ in range(order.rounds):
            for method in sorted((OURS, HAND), reverse=bool(round_ % 2)):
                seconds, work_s = (watch if method == OURS else hand).turn(round_)
                yield Sample(order.rtt_ms, method, round_, seconds, work_s)


class Watching:
    """A watch that goes on beside. here: the project of whoever edits."""

    def __init__(self, server: Server, here: Path, workspace: Path) -> None:
        self._here = here
        here.mkdir(parents=True)
        (here / "inventory.yaml").write_text(server.inventory(workspace))
        (here / "op.py").write_text(OPERATOR)
        (here / "mine.py").write_text(KERNEL.format(1))
        for part in ("csrc", "remote_payload"):
            shutil.copytree(_REPOSITORY / part, here / part)

    @contextmanager
    def begun(self) -> Iterator[Watching]:
        """While the block lasts it watches; its first turn is over when the block begins."""
        words = [sys.executable, "-m", "orchestrator", "watch", "--budget", f"{BUDGET_S:g}"]
        asked = ["--operator", "op.py", "--provider", "mine=mine.py:soft"]
        env = os.environ | {"PYTHONPATH": str(_REPOSITORY)}
        self._process = subprocess.Popen(
            [*words, *asked], cwd=self._here, env=env, stdout=subprocess.PIPE, text=True
        )
        try:
            self._line()
            yield self
        finally:
            self._process.terminate()
            self._process.wait(20)

    def turn(self, number: int) -> tuple[float, float]:
        """Seconds from the save to the verdict, and how many of them were the host's work."""
        text = KERNEL.format(number % 2)
        began = time.perf_counter()
        beside = self._here / "mine.py~"
        beside.write_text(text)
        beside.replace(self._here / "mine.py")
        told = self._line()["seconds"]
        return time.perf_counter() - began, sum(told[one] for one in ("build", "check", "race"))

    def _line(self) -> Any:
        assert self._process.stdout
        told = json.loads(self._process.stdout.readline())
        if told["word"] != "right":
            raise SystemExit(f"a turn that counts for nothing: {told}")
        return told


class ByHand:
    """A folder that rsync keeps like ours, and what a person's script does there."""

    def __init__(self, server: Server, here: Path, there: Path) -> None:
        self._server, self._here, self._there = server, here, there
        for folder in ("operators/op", "providers/mine", "providers/mine@before"):
            (here / folder).mkdir(parents=True)
        (here / "operators/op/op.py").write_text(OPERATOR)
        (here / "Makefile").write_text(MAKEFILE)
        (here / "request.json").write_text(codec.dumps(_request()))
        for part in ("csrc", "remote_payload"):
            shutil.copytree(_REPOSITORY / part, here / part)
        there.mkdir(parents=True)

    def turn(self, number: int) -> tuple[float, None]:
        began = time.perf_counter()
        (self._here / "providers/mine/mine.py").write_text(KERNEL.format(number % 2))
        (self._here / "providers/mine@before/mine.py").write_text(KERNEL.format(1 - number % 2))
        ssh, where = self._server.ssh_words, f"{self._server.user}@{self._server.address}"
        shell = " ".join(f"'{word}'" if " " in word else word for word in ssh)
        to = f"{where}:{self._there}/"
        _done("rsync", "-az", "--delete", "--exclude", "out", "-e", shell, f"{self._here}/", to)
        inside = f"cd '{self._there}' &&"
        _done(*ssh, where, f"{inside} make -s")
        run = f"{sys.executable} -m remote_payload request.json out/result.json --builds out/builds"
        said = _done(*ssh, where, f"{inside} mkdir -p out && {run} && cat out/result.json")
        if '"bench"' not in said:
            raise SystemExit(f"by hand nothing came of it: {said[-2000:]}")
        return time.perf_counter() - began, None


def _done(*words: str) -> str:
    done = subprocess.run(words, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"{words[0]} failed: {done.stdout[-2000:]} {done.stderr[-2000:]}")
    return done.stdout


def _request() -> Request:
    """What a turn of the watch asks for, too."""
    from orchestrator.performance.family import critical_table

    starts = (8,)
    return Request(
        run_id="by-hand",
        snapshot="by-hand",
        stages=(Stage.CHECK, Stage.BENCH),
        cases=(),
        operator="op.py",
        operator_target="operators/op/op.py",
        providers=(
            Provider("mine", "providers/mine/mine.py:soft", True, against="mine@before"),
            Provider("mine@before", "providers/mine@before/mine.py:soft"),
        ),
        usual_providers=True,
        device=Device.AUTO,
        bench=BenchPlan(
            (Method.BACK_TO_BACK, Method.GRAPH),
            rounds=1,
            budget_s=BUDGET_S,
            starts=starts,
            critical=critical_table(starts),
        ),
    )


def render(taken: list[Sample], facts: dict[str, str]) -> str:
    """The generated part of the page."""
    parts = ["| | |\n|---|---|", *(f"| {name} | {value} |" for name, value in facts.items()), ""]
    parts += ["| Round trip | What | Median, s | Fastest, slowest | n | Limit, s | |"]
    parts += ["|--:|---|--:|--:|--:|--:|---|"]
    for rtt_ms in dict.fromkeys(sample.rtt_ms for sample in taken):
        of = {
            method: [one for one in taken if (one.rtt_ms, one.method) == (rtt_ms, method)]
            for method in (HAND, OURS)
        }
        hand = [one.seconds for one in of[HAND]]
        own = [one.own_s for one in of[OURS] if one.own_s is not None]
        whole = WHOLE_LIMIT * median(hand)
        parts.append(_row(rtt_ms, "rsync, ssh make, ssh run", hand))
        parts.append(_row(rtt_ms, "watch, save to verdict", [s.seconds for s in of[OURS]], whole))
        limit = OWN_LIMIT_S + OWN_TRIPS * rtt_ms / 1000
        parts.append(_row(rtt_ms, "watch, without build, check and race", own, limit))
    return "\n".join(parts) + "\n"


def _row(rtt_ms: int, what: str, seconds: list[float], limit_s: float | None = None) -> str:
    told = f"{median(seconds):.2f} | {min(seconds):.2f}, {max(seconds):.2f} | {len(seconds)}"
    end = "none | "
    if limit_s is not None:
        end = f"≤ {limit_s:.2f} | {'PASS' if median(seconds) <= limit_s else 'MISS'}"
    return f"| {rtt_ms} ms | {what} | {told} | {end} |"


if __name__ == "__main__":
    main()
