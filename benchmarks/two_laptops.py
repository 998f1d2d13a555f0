"""Two laptops that start runs of one name in one second, and are killed at random moments.

    python -m benchmarks.two_laptops                  50 starts on each, some minutes
    python -m benchmarks.two_laptops --starts 5 --seed 7

A real sshd, the real supervisor, the real path of every job; the payload is tiny, and each laptop
asks for cases of its own. Each start is a process that may be killed at any moment, and so may the
first `attach` to what it left. Afterwards every job has to have run exactly once, and its result
has to be with the laptop that asked for it, under the name of its run, and nowhere else; what was
killed before it reached the host has no result at all.
"""

from __future__ import annotations

import os
import random
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

import click

from benchmarks.line import loopback
from benchmarks.lives import forked, life, some_killed
from benchmarks.server import serve
from orchestrator.errors import RunError
from orchestrator.store.inventory import reading as inventory
from orchestrator.store.runs.run_store import RunStore, new_run_id
from orchestrator.sync.deploy import deploy_from
from orchestrator.transport.base import Transport
from orchestrator.transport.connect import Trust, connect
from orchestrator.values.progress import Silence
from orchestrator.values.run import RunCard
from orchestrator.workflows.jobs.errand import Errand
from orchestrator.workflows.jobs.run_job import bring_home, run_job
from remote_payload.contract.case import Case
from remote_payload.contract.dtypes import DType
from remote_payload.contract.request import Request
from remote_payload.contract.words import Stage
from remote_payload.operators.attention.definition import attention_case

Reach = Callable[[], Transport]

_REPOSITORY = Path(__file__).resolve().parent.parent
_FIRST = datetime(2026, 11, 28, 10, 15, 30)
_PAYLOAD = """\
import sys, time
from pathlib import Path
from remote_payload.contract import codec
from remote_payload.contract.request import Request
from remote_payload.contract.result import Result
from remote_payload.contract.words import Status
job = Path(sys.argv[2]).parent
request = codec.loads(Request, Path(sys.argv[1]).read_text())
laptop = request.cases[0].size("H")
with open(job.parent.parent / "book.txt", "a") as book:
    book.write(f"{laptop} {request.run_id}\\n")
for n in range(3):
    print("laptop", laptop, "line", n, flush=True)
    time.sleep(0.01)
result = Result(request, Status.OK, "", "2026-11-28T10:15:30Z", "2026-11-28T10:16:30Z")
codec.write_atomic(Path(sys.argv[2]), codec.dumps(result))
"""


@dataclass(frozen=True)
class Laptop:
    """Where one of the two keeps its runs. number: the heads of its only case."""

    number: int
    runs: RunStore

    @property
    def case(self) -> Case:
        return attention_case(1, self.number, 64, 64, DType.FP32)

    def start(self, reach: Reach, snapshot: str, run_id: str) -> None:
        """Make a run, as `bench` does."""
        with reach() as transport:
            host = transport.host
            card = RunCard(run_id, "bench", host.name, host.workspace, snapshot, "", "", "")
            request = Request(run_id, snapshot, (Stage.BENCH,), (self.case,), ())
            run_job(Errand(transport, self.runs, Silence()), card, request)

    def attach(self, reach: Reach) -> None:
        """Bring home what is not here; a run that the host does not know as ours stays as it is."""
        with reach() as transport:
            for folder in self.runs.all():
                if not (folder / "end.json").exists():
                    with suppress(RunError):
                        bring_home(Errand(transport, self.runs, Silence()), folder)


@dataclass
class Tally:
    """What happened. faults: what must not have."""

    starts: int
    seed: int
    killed: int = 0
    jobs: int = 0
    home: int = 0
    never_started: int = 0
    same_name: int = 0
    seconds: float = 0.0
    faults: list[str] = field(default_factory=list)

    @property
    def words(self) -> str:
        return (
            f"{self.starts} starts on each of two laptops, seed {self.seed}: {self.killed} "
            f"processes killed, {self.jobs} jobs ran, {self.home} results at home under their own "
            f"names, {self.never_started} runs never reached the host, {self.same_name} of them "
            f"under a name that is the other's there; {self.seconds:.0f} s"
        )


@click.command(help=__doc__)
@click.option("--starts", type=click.IntRange(1), default=50, show_default=True, help="On each.")
@click.option("--seed", type=int, default=20261128, show_default=True)
def main(starts: int, seed: int) -> None:
    with tempfile.TemporaryDirectory(prefix="bsk-laptops-") as folder, loopback() as line:
        place = Path(folder)
        os.environ["HOME"] = folder  # nobody's own ssh configuration
        with serve(line, place / "server") as server:
            (place / "inventory.yaml").write_text(server.inventory(place / "workspace"))
            host = inventory.load(place / "inventory.yaml", os.environ).host("bench")
            trust = Trust(place / "known_hosts")
            tally = race(place, lambda: connect(host, trust), starts, seed)
    click.echo(tally.words)
    for fault in tally.faults:
        click.echo(f"FAULT: {fault}", err=True)
    sys.exit(bool(tally.faults))


def race(place: Path, reach: Reach, starts: int, seed: int) -> Tally:
    """Let both start `starts` runs each, bring all of it home, and look at it.

    place: a folder for the laptops; its `workspace` is the host's, on this same disk.
    """
    laptops = tuple(Laptop(n, RunStore(place / f"laptop-{n}" / "runs")) for n in (1, 2))
    moments, tally, began = random.Random(seed), Tally(starts, seed), time.monotonic()
    snapshot = _deployed(place, reach)
    usual_s = _undisturbed(laptops[0], reach, snapshot)
    for number in range(starts):
        run_id = new_run_id(_FIRST + timedelta(seconds=number), "bench", "bench")
        lives = []
        for laptop in laptops:
            process = forked(partial(laptop.start, reach, snapshot, run_id))
            card = laptop.runs.folder(run_id) / "run.json"
            lives.append(life(process, moments, usual_s, card))
        tally.killed += some_killed(lives)
        click.echo(f"{number + 1} of {starts} starts, {tally.killed} killed", err=True)
    again = [forked(partial(laptop.attach, reach)) for laptop in laptops]
    tally.killed += some_killed([life(one, moments, usual_s, None) for one in again])
    for laptop in laptops:
        os.waitpid(forked(partial(laptop.attach, reach)), 0)
    _look(place / "workspace", laptops, tally)
    tally.seconds = time.monotonic() - began
    return tally


def _deployed(place: Path, reach: Reach) -> str:
    """The digest of the snapshot that lies on the host from now on."""
    project, told = _project(place / "project"), place / "snapshot"

    def deploy() -> None:
        with reach() as transport:
            told.write_text(deploy_from(project, transport).digest)

    os.waitpid(forked(deploy), 0)
    return told.read_text()


def _undisturbed(laptop: Laptop, reach: Reach, snapshot: str) -> float:
    """How long a start takes that nobody disturbs, in seconds."""
    began = time.monotonic()
    process = forked(partial(laptop.start, reach, snapshot, new_run_id(_FIRST, "bench", "first")))
    os.waitpid(process, 0)
    return time.monotonic() - began


def _project(root: Path) -> Path:
    """Sources with the real supervisor and a tiny payload."""
    code = root / "remote_payload"
    shutil.copytree(_REPOSITORY / code.name, code, ignore=shutil.ignore_patterns("__pycache__"))
    (root / "csrc").mkdir()
    (code / "__main__.py").write_text(_PAYLOAD)
    return root


def _look(workspace: Path, laptops: tuple[Laptop, ...], tally: Tally) -> None:
    """Note all that is not where it belongs, or not once."""
    jobs = {job.name: job for job in (workspace / "jobs").iterdir() if job.name[0] != "."}
    book = Counter((workspace / "book.txt").read_text().splitlines())
    tally.jobs = len(jobs)
    tally.faults += [f"ran {n} times: {line}" for line, n in book.items() if n != 1]
    homes: Counter[str] = Counter()
    for laptop in laptops:
        for folder in laptop.runs.all():
            who = f"laptop {laptop.number}: {folder.name}"
            try:
                result = laptop.runs.load(folder).result
            except RunError as error:
                tally.faults.append(f"{who}: {error.message}")
                continue
            ran = book[f"{laptop.number} {folder.name}"]
            if result is None:
                tally.never_started += 1
                tally.same_name += folder.name in jobs
                tally.faults += [f"{who} ran, and its result is not here"] * ran
                continue
            homes[folder.name] += 1
            tally.faults += [f"{who}: {what}" for what in _wrong(folder, jobs, laptop, ran)]
            if (result.request.run_id, result.request.cases) != (folder.name, (laptop.case,)):
                tally.faults.append(f"{who} has a result that was not asked for there")
    tally.home = homes.total()
    lost = set(jobs) - set(homes)
    tally.faults += [f"the result of {name} is nowhere" for name in sorted(lost)]
    tally.faults += [f"the result of {name} is at {n} places" for name, n in homes.items() if n > 1]


def _wrong(folder: Path, jobs: dict[str, Path], laptop: Laptop, ran: int) -> list[str]:
    """What is not as it should be about a run that has a result."""
    log = (folder / "log.txt").read_text()
    checks = {
        "it did not run once": ran == 1,
        "the host has no job of this name": folder.name in jobs,
        "its log is not its own": log
        == "".join(f"laptop {laptop.number} line {n}\n" for n in range(3)),
        "half-files are left": not list(folder.rglob("*.partial")),
    }
    for name in ("result.json", "log.txt") if folder.name in jobs else ():
        here, there = folder / name, jobs[folder.name] / name
        checks[f"{name} is not the host's"] = here.read_bytes() == there.read_bytes()
    return [fault for fault, holds in checks.items() if not holds]


if __name__ == "__main__":
    main()
