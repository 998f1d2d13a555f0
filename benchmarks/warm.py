"""What a turn costs on the host: by a process that stays warm, and by an ordinary job.

    python -m benchmarks.warm                           writes the section of docs/performance.md
    python -m benchmarks.warm --turns 3 --no-page       a smoke run

This machine is the host, without a network: what is measured is the host's part alone. Each turn is
an edit of a provider, deployed before the clock runs; job and turn alternate.
"""

from __future__ import annotations

import os
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import click

from benchmarks.samples import machine
from orchestrator.launch.detached import DetachedLauncher
from orchestrator.launch.warm import Warm
from orchestrator.sync.deploy import deploy_from
from orchestrator.transport.local import LocalTransport
from orchestrator.values.host import Host, TransportKind
from orchestrator.values.job import JobSpec
from remote_payload.contract import codec
from remote_payload.contract.plans import BenchPlan
from remote_payload.contract.request import Provider, Request
from remote_payload.contract.result import Result
from remote_payload.contract.words import Device, Method, Stage, Status

_REPOSITORY = Path(__file__).resolve().parent.parent
PAGE = _REPOSITORY / "docs" / "performance.md"
_BEGIN, _END = "<!-- warm benchmark: begin -->", "<!-- warm benchmark: end -->"
_MINE = "import torch\n\n\ndef mine(x):\n    return torch.softmax(x, -1)  # {}\n"


@dataclass(frozen=True)
class Cost:
    """Seconds of one turn: until the answer is here, of its stages, and of all else on the host."""

    whole_s: float
    check_s: float
    bench_s: float
    other_s: float


@dataclass(frozen=True)
class Place:
    """A project whose operator is examples/softmax.py, and a host's workspace."""

    root: Path
    workspace: Path

    def turn(self, transport: LocalTransport, number: int) -> tuple[str, str]:
        """Edit and deploy; the snapshot's digest."""
        extra: list[tuple[str, Path | bytes]] = [
            ("softmax.py", _REPOSITORY / "examples" / "softmax.py"),
            ("mine.py", _MINE.format(number).encode()),
        ]
        return deploy_from(self.root, transport, extra=extra).digest, f"turn-{number}"


def _request(digest: str, run_id: str) -> Request:
    return Request(
        run_id=run_id,
        snapshot=digest,
        stages=(Stage.CHECK, Stage.BENCH),
        cases=(),
        providers=(Provider("mine", target="mine.py:mine"), Provider("two_passes")),
        operator="softmax-example",
        operator_target="softmax.py",
        device=Device.CPU,
        bench=BenchPlan((Method.BACK_TO_BACK,), warmup=2, calls=20, rounds=3, starts=(2,)),
    )


def _by_job(transport: LocalTransport, place: Place, digest: str, run_id: str) -> Cost:
    request, host = _request(digest, run_id), transport.host
    launcher = DetachedLauncher(transport)
    spec = JobSpec(run_id, digest, host.python, host.job_environment, request.time_limit_s)
    began_s = time.monotonic()
    launcher.submit(spec, codec.dumps(request))
    launcher.follow(run_id, 0, lambda data: None, lambda beat: None)
    whole_s = time.monotonic() - began_s
    text = (place.workspace / "jobs" / run_id / "result.json").read_text("utf-8")
    result = codec.loads(Result, text)
    of = {one.stage: one.seconds for one in result.stages}
    _require_ok(result)
    return Cost(whole_s, of[Stage.CHECK], of[Stage.BENCH], whole_s - sum(of.values()))


def _by_turn(warm: Warm, digest: str, run_id: str) -> Cost:
    began_s = time.monotonic()
    turn = warm.turn(digest, _request(digest, run_id))
    whole_s = time.monotonic() - began_s
    _require_ok(turn.result)
    return Cost(whole_s, turn.check_s, turn.bench_s, turn.other_s)


def _require_ok(result: Result) -> None:
    if result.status is not Status.OK:
        raise SystemExit(f"a turn failed: {result.reason}")


def _rows(jobs: list[Cost], turns: list[Cost]) -> Iterator[str]:
    yield "| median seconds | until it is here | check | bench | all else on the host |"
    yield "|---|--:|--:|--:|--:|"
    for name, costs in (("an ordinary job", jobs), ("a warm turn", turns)):
        columns = zip(*((c.whole_s, c.check_s, c.bench_s, c.other_s) for c in costs), strict=True)
        yield f"| {name} | " + " | ".join(f"{statistics.median(one):.3f}" for one in columns) + " |"


def _write(text: str) -> None:
    before, _, rest = PAGE.read_text().partition(_BEGIN)
    _, found, after = rest.partition(_END)
    if not found:
        raise SystemExit(f"{PAGE} has lost its markers {_BEGIN} and {_END}")
    PAGE.write_text(f"{before}{_BEGIN}\n{text}\n{_END}{after}")


@click.command(help=__doc__)
@click.option("--turns", type=click.IntRange(2), default=15, show_default=True)
@click.option("--page/--no-page", "with_page", default=True, help="Write docs/performance.md.")
def main(turns: int, with_page: bool) -> None:
    facts = machine()
    with tempfile.TemporaryDirectory() as folder:
        place = Place(Path(folder) / "project", Path(folder) / "host" / "workspace")
        ignored = shutil.ignore_patterns("__pycache__")
        for part in ("remote_payload", "csrc"):
            shutil.copytree(_REPOSITORY / part, place.root / part, ignore=ignored)
        env = (("BLACKWELL_SPARSEK_LOCKS", folder),)
        host = Host("here", TransportKind.LOCAL, str(place.workspace), sys.executable, env=env)
        by_job, by_turn = list[Cost](), list[Cost]()
        with LocalTransport(host) as transport, Warm(transport) as warm:
            _by_turn(warm, *place.turn(transport, 0))  # until it is warm
            for number in range(1, turns + 1):
                by_job.append(_by_job(transport, place, *place.turn(transport, 2 * number)))
                by_turn.append(_by_turn(warm, *place.turn(transport, 2 * number + 1)))
    told = [f"| {name} | {value} |" for name, value in facts.items()]
    load = f"| load after | {' '.join(f'{one:.2f}' for one in os.getloadavg())} |"
    text = "\n".join(["| | |\n|---|---|", *told, load, "", *_rows(by_job, by_turn)])
    click.echo(text)
    if with_page:
        _write(text)


if __name__ == "__main__":
    main()
