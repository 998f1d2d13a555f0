"""Whose load the CPUs bear: ours, or that of others."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from remote_payload.contract import codec
from remote_payload.contract.watched import Watched
from remote_payload.machine.watch.cpu import Cpus
from remote_payload.machine.watch.own import OwnProcesses
from tests.payload.running import ROOT
from tests.processes import needs_proc

TICK_S = 1 / os.sysconf("SC_CLK_TCK")
BURN = "while True: pass"
# Starts a burning process of its own, and watches itself.
RACE = """
import subprocess, sys, time
from remote_payload.contract import codec
from remote_payload.contract.words import Method
from remote_payload.machine.watch.watch import Watch
from remote_payload.contract.case import Case
from remote_payload.contract.dtypes import DType
TINY = Case("copy", (), DType.FP32)
with Watch() as watch:
    burning = subprocess.Popen([sys.executable, "-c", "while True: pass"])
    print(burning.pid, flush=True)
    time.sleep(0.5)
    began_s = time.monotonic()
    time.sleep(1.6)
    turn = began_s, time.monotonic()
    watch.settle()
    print(codec.dumps(watch.watched(TINY, Method.COLD, [turn])).replace("\\n", " "), flush=True)
    burning.kill()
"""


def spent_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) * TICK_S


@pytest.fixture
def stranger() -> Iterator[int]:
    """Somebody else's process, which keeps a CPU busy as far as it gets one."""
    process = subprocess.Popen([sys.executable, "-c", BURN])
    yield process.pid
    process.kill()
    process.wait()


@needs_proc
def test_a_strangers_busy_loop_is_the_load_of_others_and_our_own_is_not(stranger: int) -> None:
    watching = subprocess.Popen(
        [sys.executable, "-c", RACE], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    assert watching.stdout is not None
    own = int(watching.stdout.readline())
    time.sleep(0.6)
    began_s, theirs, ours = time.monotonic(), spent_s(stranger), spent_s(own)
    time.sleep(1.4)
    took_s = time.monotonic() - began_s
    theirs, ours = (spent_s(stranger) - theirs) / took_s, (spent_s(own) - ours) / took_s
    watched = codec.loads(Watched, watching.communicate(timeout=30)[0])
    # What others of this machine do at the same time comes on top of the stranger's.
    assert watched.others_load is not None
    assert watched.own_load is not None
    assert watched.others_load.median > theirs - 0.2
    assert watched.own_load.median == pytest.approx(ours, abs=0.2)
    assert watched.cpus == len(os.sched_getaffinity(0))
    assert watched.cost is not None
    assert watched.cost < 0.02


@needs_proc
@pytest.mark.parametrize("signal_number", [signal.SIGKILL, signal.SIGTERM])
def test_whoever_looks_ends_with_the_run_however_that_ends(signal_number: int) -> None:
    run = subprocess.Popen(
        [
            *(sys.executable, "-c"),
            "import time; from remote_payload.machine.watch.watch import Watch\n"
            "with Watch() as watch:\n"
            "    print(watch._sampler.pid, flush=True); time.sleep(60)",
        ],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert run.stdout is not None
    sampler = Path("/proc", run.stdout.readline().strip())
    assert sampler.exists()
    run.send_signal(signal_number)
    run.wait()
    end_s = time.monotonic() + 5
    while _runs(sampler) and time.monotonic() < end_s:
        time.sleep(0.02)
    assert not _runs(sampler)


def _runs(process: Path) -> bool:
    """A zombie that nobody collects has ended, too."""
    try:
        return (process / "stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


class Proc:
    """A /proc of a test's own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def process(self, pid: int, parent: int, ticks: int, fds: tuple[str, ...] = ()) -> None:
        place = self.folder / str(pid)
        (place / "fd").mkdir(parents=True, exist_ok=True)
        for number, target in enumerate(fds):
            (place / "fd" / str(number)).symlink_to(target)
        (place / "stat").write_text(
            f"{pid} (a ) b) S {parent} {pid} {pid} 0 -1 0 0 0 0 0 {ticks} 0 0 0 20 0 1 0 5 0 0"
        )

    def end(self, pid: int) -> None:
        place = self.folder / str(pid)
        for each in (*(place / "fd").iterdir(), place / "stat"):
            each.unlink()
        (place / "fd").rmdir()
        place.rmdir()


@pytest.fixture
def proc(tmp_path: Path) -> Proc:
    """One of ours with a child, and a stranger."""
    made = Proc(tmp_path)
    made.process(100, 1, 50)
    made.process(101, 100, 10, ("/dev/null", "/dev/nvidia-uvm"))
    made.process(900, 1, 7000, ("/dev/nvidia-uvm",))
    return made


def test_all_that_descends_from_us_is_ours_and_nobody_else_is(proc: Proc) -> None:
    own = OwnProcesses(100, str(proc.folder))
    assert own.ticks() == 60
    proc.process(103, 102, 4)  # came together with its parent
    proc.process(102, 101, 3)
    proc.process(901, 900, 999)
    assert own.ticks() == 67
    assert own.ever == {100, 101, 102, 103}
    assert own.holders() == 1


def test_whoever_loses_its_parent_stays_ours(proc: Proc) -> None:
    own = OwnProcesses(100, str(proc.folder))
    own.ticks()
    proc.process(101, 1, 30)
    assert own.ticks() == 80


def test_the_time_of_one_that_ended_is_never_given_to_others(proc: Proc) -> None:
    own = OwnProcesses(100, str(proc.folder))
    own.ticks()
    proc.end(101)
    proc.process(100, 1, 62)  # it waited for its child, whose time it bears now
    assert own.ticks() == 62
    proc.process(104, 100, 40)
    assert own.ticks() == 102
    proc.end(104)  # nobody waited for this one
    proc.process(100, 1, 65)
    assert own.ticks() == 102
    proc.process(100, 1, 75)
    assert own.ticks() == 112


def test_cpus_are_counted_as_far_as_we_may_use_them(proc: Proc) -> None:
    mine = sorted(os.sched_getaffinity(0))
    lines = ["cpu 1 1 1 1 1 1 1 1 0 0"]
    lines += [f"cpu{n} 100 20 30 5000 40 1 2 60 100 0" for n in mine]
    lines += [f"cpu{max(mine) + 1} 9 9 9 9 9 9 9 9 9 9", "intr 5 5", "cpu_of_a_strange_kernel x"]
    (proc.folder / "stat").write_text("\n".join(lines))
    (proc.folder / "pressure").mkdir()
    (proc.folder / "pressure" / "cpu").write_text("some avg10=0.00 total=1500000\nfull total=1\n")
    (proc.folder / "cpuinfo").write_text("cpu MHz\t\t: 2000.5\ncpu MHz\t\t: 2600.5\n")
    row = Cpus(OwnProcesses(100, str(proc.folder)), str(proc.folder), str(proc.folder)).look(())
    assert row is not None
    assert row.cpus == len(mine)
    assert row.busy_s == pytest.approx(153 * len(mine) * TICK_S)
    assert row.stolen_s == pytest.approx(60 * len(mine) * TICK_S)
    assert row.own_s == pytest.approx(60 * TICK_S)
    assert (row.waited_s, row.held_s) == (1.5, None)
    assert row.mhz == (2600.5 if (os.cpu_count() or 1) <= 32 else None)


@pytest.mark.parametrize("text", ["", "cpu0 0 0 0 0 0 0 0 0 0 0\n", "cpu0 x\n", "cpu0 1 2\n"])
def test_a_proc_that_does_not_count_is_no_load_of_zero(proc: Proc, text: str) -> None:
    (proc.folder / "stat").write_text(text.replace("cpu0", f"cpu{min(os.sched_getaffinity(0))}"))
    assert Cpus(OwnProcesses(100, str(proc.folder)), str(proc.folder)).look(()) is None
