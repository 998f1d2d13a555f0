"""Soak: many short jobs over a link that drops at random, and what is left behind afterwards.

    python -m benchmarks.soak                     500 jobs, some five minutes
    python -m benchmarks.soak --jobs 20 --no-page      a smoke run

A real sshd, the real supervisor, the real path of every job; the payload is tiny. Every result
has to be there exactly once, and nothing else: no process, no lock that is held, no half-file, no
temporary file. Memory has to stay where it was after the first tenth of the jobs. A soak that its
time limit ends before its last job has failed, too.
"""

from __future__ import annotations

import contextlib
import fcntl
import gc
import os
import random
import resource
import shutil
import sys
import tempfile
import threading
import time
import tracemalloc
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TypeVar

import click

from benchmarks.line import loopback
from benchmarks.pull import write_between
from benchmarks.samples import machine
from benchmarks.server import Server, serve
from orchestrator.errors import HostUnreachable
from orchestrator.store.inventory import reading as inventory
from orchestrator.store.runs.run_store import RunStore
from orchestrator.sync.deploy import deploy_from
from orchestrator.transport.base import Transport
from orchestrator.transport.connect import Trust, connect
from orchestrator.values.progress import Silence
from orchestrator.values.run import RunCard
from orchestrator.workflows.jobs.errand import Errand
from orchestrator.workflows.jobs.run_job import bring_home, run_job
from remote_payload.contract.request import Request
from remote_payload.contract.words import Stage
from tests.ssh.link import LossyLink

T = TypeVar("T")

_REPOSITORY = Path(__file__).resolve().parent.parent
PAGE = _REPOSITORY / "docs" / "reliability.md"
_BEGIN, _END = "<!-- soak: begin -->", "<!-- soak: end -->"
_PAUSES_S = (0.1, 0.2, 0.5, 1, 2)
# What the allocator and Paramiko's logging may still take after the first tenth of the jobs.
_GROWTH_LIMIT_MB = 5.0
_PAYLOAD = """\
import os, sys, time
from pathlib import Path
from remote_payload.contract import codec
from remote_payload.contract.request import Request
from remote_payload.contract.result import Result
from remote_payload.contract.words import Status
job = Path(sys.argv[2]).parent
request = codec.loads(Request, Path(sys.argv[1]).read_text())
with open(job.parent.parent / "started.txt", "a") as book:
    book.write(request.run_id + "\\n")
for n in range(10):
    print(request.run_id, "line", n, flush=True)
    time.sleep(0.01)
(job / "artifacts").mkdir()
(job / "artifacts" / "a.bin").write_bytes(os.urandom(100_000))
result = Result(request, Status.OK, "", "2026-11-22T10:15:30Z", "2026-11-22T10:16:30Z")
codec.write_atomic(Path(sys.argv[2]), codec.dumps(result))
"""


@dataclass
class Tally:
    """What happened. attached: runs that needed an `attach` after their retries ran out."""

    wanted: int
    asked: int = 0
    whole: int = 0
    attached: int = 0
    drops: int = 0
    seconds: float = 0.0
    rss_mb: list[float] = field(default_factory=list)
    traced_mb: list[float] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)


@click.command(help=__doc__)
@click.option("--jobs", type=click.IntRange(1), default=500, show_default=True)
@click.option("--drop-every-s", type=float, default=3.0, show_default=True, help="On average.")
@click.option("--limit-s", type=float, default=570.0, show_default=True, help="Stop after this.")
@click.option("--page/--no-page", "with_page", default=True, help="Write docs/reliability.md.")
def main(jobs: int, drop_every_s: float, limit_s: float, with_page: bool) -> None:
    facts, tally = machine(), Tally(jobs)
    with tempfile.TemporaryDirectory(prefix="bsk-soak-") as folder, loopback() as line:
        place = Path(folder)
        os.environ["HOME"] = folder  # nobody's own ssh configuration
        for side in ("here", "there"):
            (place / "tmp" / side).mkdir(parents=True)
        tempfile.tempdir = os.environ["TMPDIR"] = str(place / "tmp" / "here")
        with (
            serve(line, place / "server") as server,
            dropping(server, drop_every_s, tally) as link,
        ):
            soak(place, replace(server, port=link.port), limit_s, tally)
        left_behind(place, tally)
    text = render(tally, facts, drop_every_s)
    click.echo(text)
    for fault in tally.faults:
        click.echo(f"FAULT: {fault}", err=True)
    if with_page:
        write_between(PAGE, _BEGIN, _END, text)
    sys.exit(bool(tally.faults))


@contextlib.contextmanager
def dropping(server: Server, every_s: float, tally: Tally) -> Iterator[LossyLink]:
    """A link to the server that resets all its connections at random moments."""
    link, over = LossyLink(server.port), threading.Event()

    def drop() -> None:
        moments = random.Random(20261122)
        while not over.wait(moments.expovariate(1 / every_s)):
            link.cut()
            tally.drops += 1

    thread = threading.Thread(target=drop, daemon=True)
    thread.start()
    try:
        yield link
    finally:
        over.set()
        thread.join()
        link.close()


def soak(place: Path, server: Server, limit_s: float, tally: Tally) -> None:
    """Run the jobs one after the other, as a person would."""
    project = _project(place / "project")
    described = server.inventory(place / "workspace")
    described += f"    env: {{TMPDIR: {place / 'tmp' / 'there'}}}\n"
    (place / "inventory.yaml").write_text(described)
    host = inventory.load(place / "inventory.yaml", os.environ).host("bench")
    began = time.monotonic()
    with connect(host, Trust(place / "known_hosts")) as transport:
        errand = Errand(transport, RunStore(place / "runs"), Silence(), pauses_s=_PAUSES_S)
        digest = _insisting(transport, lambda: deploy_from(project, transport).digest)
        tracemalloc.start()
        while tally.asked < tally.wanted and time.monotonic() - began < limit_s:
            tally.asked += 1
            _one(errand, digest, f"job-{tally.asked:04d}", tally)
            if tally.asked % max(1, tally.wanted // 10) == 0 or tally.asked == 1:
                _weigh(tally)
        tracemalloc.stop()
    tally.seconds = time.monotonic() - began


def _one(errand: Errand, digest: str, run_id: str, tally: Tally) -> None:
    card = RunCard(run_id, "bench", errand.host.name, errand.host.workspace, digest, "", "", "")
    request = Request(run_id, digest, (Stage.BENCH,), (), (), time_limit_s=60.0)
    try:
        run = run_job(errand, card, request)
    except HostUnreachable:
        tally.attached += 1
        folder = errand.runs.folder(run_id)
        run = _insisting(errand.transport, lambda: bring_home(errand, folder))
    tally.whole += run.result is not None and run.result.request.run_id == run_id


def _insisting(transport: Transport, act: Callable[[], T]) -> T:
    """As a person would: the same command again."""
    for _ in range(20):
        try:
            return act()
        except HostUnreachable:
            transport.close()
            time.sleep(0.2)
    return act()


def _project(root: Path) -> Path:
    """Sources with the real supervisor and a tiny payload."""
    code = root / "remote_payload"
    shutil.copytree(_REPOSITORY / code.name, code, ignore=shutil.ignore_patterns("__pycache__"))
    (root / "csrc").mkdir()
    (code / "__main__.py").write_text(_PAYLOAD)
    return root


def _weigh(tally: Tally) -> None:
    gc.collect()
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    tally.rss_mb.append(pages * resource.getpagesize() / 1e6)
    tally.traced_mb.append(tracemalloc.get_traced_memory()[0] / 1e6)


def left_behind(place: Path, tally: Tally) -> None:
    """Note everything that should not be there, or not once."""
    there, here = place / "workspace", place / "runs"
    expected = sorted(f"job-{number:04d}" for number in range(1, tally.asked + 1))
    started = sorted((there / "started.txt").read_text().split())
    settled_mb = tally.rss_mb[1] if len(tally.rss_mb) > 1 else tally.rss_mb[0]
    checks = {
        f"stopped after {tally.asked} of {tally.wanted} jobs": tally.asked == tally.wanted,
        "memory grew all the while": tally.rss_mb[-1] < settled_mb + _GROWTH_LIMIT_MB,
        "temporary files are left": not [p for p in (place / "tmp").rglob("*") if p.is_file()],
        "a job did not run exactly once": started == expected,
        "the laptop's runs are not those asked for": _names(here) == expected,
        "the host's jobs are not those asked for": _names(there / "jobs") == expected,
        "a result is missing": tally.whole == tally.asked,
        "a file of a run differs from the host's": all(_same(here, there, n) for n in expected),
        "half-files are left on the laptop": not list(here.rglob("*.partial")),
        "half-files are left on the host": not [
            path
            for path in there.rglob("*")
            if path.name.endswith(".partial") or ".new" in path.name
        ],
        "a lock is held": all(
            _is_free(lock)
            for folder in (there / "locks", place / "server" / "locks")
            for lock in folder.iterdir()
        ),
        "processes are left": not _processes(str(there)),
    }
    tally.faults += [fault for fault, holds in checks.items() if not holds]


def _names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def _same(here: Path, there: Path, run_id: str) -> bool:
    return all(
        (here / run_id / name).read_bytes() == (there / "jobs" / run_id / name).read_bytes()
        for name in ("result.json", "log.txt", "artifacts/a.bin")
    )


def _is_free(lock: Path) -> bool:
    with lock.open("rb") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return False
    return True


def _processes(mark: str) -> list[str]:
    """Runners, payloads and agents that still live: the workspace is in their words.

    An agent notices a dead link when it next speaks or is asked, so it gets a few seconds.
    """
    deadline = time.monotonic() + 15
    while True:
        found = []
        for entry in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                words = (entry / "cmdline").read_bytes().decode("utf-8", "replace")
                if mark in words:
                    found.append(words.replace("\0", " ")[-200:])
        if not found or time.monotonic() > deadline:
            return found
        time.sleep(0.5)


def render(tally: Tally, facts: dict[str, str], drop_every_s: float) -> str:
    """The generated part of the page."""
    rows = {
        **{name: facts[name] for name in ("date", "machine", "kernel", "Python", "paramiko")},
        "jobs, one after the other": f"{tally.asked} of {tally.wanted}",
        "results that came home whole": str(tally.whole),
        "connections reset at random": f"{tally.drops} times, every {drop_every_s:g} s on average",
        "runs whose retries ran out, finished by `attach`": str(tally.attached),
        "duration": f"{tally.seconds:.0f} s",
        "orchestrator's resident memory": _first_and_last(tally.rss_mb),
        "of it Python objects (tracemalloc)": _first_and_last(tally.traced_mb),
        "left behind": "; ".join(tally.faults) or "nothing",
    }
    return "\n".join(["| | |", "|---|---|", *(f"| {k} | {v} |" for k, v in rows.items())]) + "\n"


def _first_and_last(values_mb: list[float]) -> str:
    """values_mb: after the first job, then after each tenth of them."""
    shown = f"{values_mb[0]:.1f} MB after the first job, "
    if len(values_mb) > 2:
        shown += f"{values_mb[1]:.1f} MB after a tenth of them, "
    return f"{shown}{values_mb[-1]:.1f} MB after the last, at most {max(values_mb):.1f} MB"


if __name__ == "__main__":
    main()
