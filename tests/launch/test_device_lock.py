"""Jobs of real supervisors: those that could use one device take turns, wherever they come from."""

from __future__ import annotations

import fcntl
import json
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from orchestrator.launch.detached import DetachedLauncher
from orchestrator.transport.local import LocalTransport
from orchestrator.values.job import Ending
from tests.faults.conftest import wait_until
from tests.launch.conftest import Bench

A, B = "GPU-aaaa1111-0", "GPU-bbbb2222-0"
SMI = f"""#!/bin/sh
case "$*" in
  *name,uuid*)
    echo 'NVIDIA H100 80GB HBM3, {A}, 580.95.05, 9.0'
    echo 'NVIDIA H100 80GB HBM3, {B}, 580.95.05, 9.0' ;;
  -L)
    echo 'GPU 0: NVIDIA H100 80GB HBM3 (UUID: {A})'
    echo 'GPU 1: NVIDIA H100 80GB HBM3 (UUID: {B})'
    echo '  MIG 1g.10gb     Device  0: (UUID: MIG-22222222-0)'
    echo '  MIG 1g.10gb     Device  1: (UUID: MIG-33333333-0)' ;;
esac
"""
# A machine without nvidia-smi, and one that has it and shows no GPU to the job.
NO_DRIVER, NO_GPU = "no driver", "-1"


@dataclass(frozen=True)
class Machine:
    """Two workspaces on one machine with two GPUs; go: what the jobs wait for before they end."""

    here: Bench
    there: Bench
    tools: Path
    go: Path

    def start(self, bench: Bench, run_id: str, visible: str | None) -> None:
        """A job that sees CUDA_VISIBLE_DEVICES as `visible`, and not at all if that is None."""
        smi = [] if visible == NO_DRIVER else [str(self.tools)]
        env = {"PATH": os.pathsep.join([*smi, "/usr/bin", "/bin"])}
        if visible not in (None, NO_DRIVER):
            env["CUDA_VISIBLE_DEVICES"] = str(visible)
        bench.payload(f"while not os.path.exists({str(self.go)!r}): time.sleep(0.02)\n")
        bench.launcher.submit(bench.spec(run_id, env=tuple(env.items())), "{}")

    def state(self, bench: Bench, run_id: str) -> tuple[str, str | None]:
        """(queued or running, for whom it waits), once it is known."""
        deadline = time.monotonic() + 15
        while time.monotonic() < deadline:
            facts = json.loads((bench.job(run_id) / "status.json").read_text())
            if facts["state"] == "running" or facts.get("waiting_for"):
                return facts["state"], facts.get("waiting_for")
            time.sleep(0.02)
        raise AssertionError(f"{run_id} neither runs nor waits")

    def end(self, bench: Bench, run_id: str) -> None:
        self.go.touch()
        assert bench.follow(run_id)[1].why is Ending.EXIT


@pytest.fixture
def machine(bench: Bench, tmp_path: Path) -> Iterator[Machine]:
    tools = tmp_path / "tools"
    tools.mkdir()
    (tools / "nvidia-smi").write_text(SMI)
    (tools / "nvidia-smi").chmod(0o755)
    host = replace(bench.launcher.host, workspace=str(tmp_path / "other"))
    with LocalTransport(host) as transport:
        there = Bench(tmp_path / "other", DetachedLauncher(transport))
        yield Machine(bench, there, tools, tmp_path / "go")
        (tmp_path / "go").touch()


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (None, None),
        (None, "1"),  # all GPUs, and one of them
        ("1", B),
        ("GPU-bbbb", "1"),
        ("0,1", "1"),
        ("MIG-22222222-0", "1"),
        ("MIG-22222222-0", "MIG-33333333-0"),
        (f"MIG-{B}/3/0", B),
        ("MIG-unheard-of", "0"),
        (NO_DRIVER, NO_DRIVER),
        (NO_DRIVER, NO_GPU),
        (NO_GPU, "0"),  # the CPU is the machine
        ("0", NO_DRIVER),
    ],
)
def test_jobs_that_could_use_one_device_take_turns_also_from_two_workspaces(
    machine: Machine, one: str | None, other: str | None
) -> None:
    machine.start(machine.here, "first", one)
    assert machine.state(machine.here, "first") == ("running", None)
    machine.start(machine.there, "second", other)
    state, waiting_for = machine.state(machine.there, "second")
    assert (state, waiting_for) == ("queued", "first of another workspace")
    machine.end(machine.here, "first")
    machine.end(machine.there, "second")


@pytest.mark.parametrize(("one", "other"), [("0", "1"), ("0", B), (A, "MIG-22222222-0")])
def test_jobs_for_different_devices_run_at_once(machine: Machine, one: str, other: str) -> None:
    machine.start(machine.here, "first", one)
    machine.start(machine.here, "second", other)
    assert machine.state(machine.here, "first") == ("running", None)
    assert machine.state(machine.here, "second") == ("running", None)
    machine.end(machine.here, "first")
    machine.end(machine.here, "second")


def test_a_job_of_the_same_workspace_is_named_alone(machine: Machine) -> None:
    machine.start(machine.here, "first", "1")
    machine.start(machine.here, "second", None)
    assert machine.state(machine.here, "second") == ("queued", "first")
    machine.end(machine.here, "first")
    machine.end(machine.here, "second")


def test_a_place_for_locks_that_is_not_there_is_how_the_job_ended(machine: Machine) -> None:
    env = (("BLACKWELL_SPARSEK_LOCKS", "/no/such/folder"),)
    _, end = machine.here.run("r1", "", env=env)
    assert end.why is Ending.SPAWN
    assert "BLACKWELL_SPARSEK_LOCKS=/no/such/folder is no folder" in end.message


@pytest.mark.parametrize("visible", ["0", NO_DRIVER])
def test_a_job_whose_lock_is_cleared_away_keeps_its_device(machine: Machine, visible: str) -> None:
    machine.start(machine.here, "first", visible)
    assert machine.state(machine.here, "first") == ("running", None)
    locks = Path(os.environ["BLACKWELL_SPARSEK_LOCKS"])
    before = {path.name: path.stat().st_ino for path in locks.iterdir()}
    keeper = [path.open() for path in locks.iterdir()]  # else a new file may get an old number
    for path in locks.iterdir():
        path.unlink()
    wait_until(lambda: {path.name for path in locks.iterdir()} == set(before))
    machine.start(machine.there, "second", visible)
    assert machine.state(machine.there, "second") == ("queued", "first of another workspace")
    assert not before.items() & {path.name: path.stat().st_ino for path in locks.iterdir()}.items()
    machine.end(machine.here, "first")
    machine.end(machine.there, "second")
    assert (machine.here.job("first") / "log.txt").read_text() == ""
    for each in keeper:
        each.close()


def test_a_lock_that_is_cleared_away_again_and_again_lets_nobody_in_and_costs_nothing(
    machine: Machine,
) -> None:
    machine.start(machine.here, "first", NO_DRIVER)
    assert machine.state(machine.here, "first") == ("running", None)
    machine.start(machine.there, "second", NO_DRIVER)
    assert machine.state(machine.there, "second")[0] == "queued"
    locks = Path(os.environ["BLACKWELL_SPARSEK_LOCKS"])
    runner = json.loads((machine.here.job("first") / "status.json").read_text())["runner_pid"]
    descriptors = Path(f"/proc/{runner}/fd")
    before = len([*descriptors.iterdir()]) if descriptors.exists() else 0
    for _ in range(12):
        for path in locks.iterdir():
            path.unlink()
        time.sleep(0.23)  # beside the 0.2 s in which the second one looks
        assert not (machine.there.job("second") / "log.txt").exists()
    assert not descriptors.exists() or len([*descriptors.iterdir()]) <= before + 2
    machine.end(machine.here, "first")
    machine.end(machine.there, "second")


def test_a_folder_of_locks_that_is_removed_while_a_job_waits_is_named(machine: Machine) -> None:
    machine.start(machine.here, "first", NO_DRIVER)
    assert machine.state(machine.here, "first") == ("running", None)
    machine.start(machine.there, "second", NO_DRIVER)
    assert machine.state(machine.there, "second")[0] == "queued"
    locks = Path(os.environ["BLACKWELL_SPARSEK_LOCKS"])
    moved = locks.rename(locks.with_name("moved"))
    end = machine.there.follow("second")[1]
    assert end.why is Ending.SPAWN
    assert f"BLACKWELL_SPARSEK_LOCKS={locks} is no folder" in end.message
    moved.rename(locks)
    machine.end(machine.here, "first")


def test_a_job_whose_lock_another_took_meanwhile_says_so_in_its_log(machine: Machine) -> None:
    machine.start(machine.here, "first", NO_DRIVER)
    assert machine.state(machine.here, "first") == ("running", None)
    locks = Path(os.environ["BLACKWELL_SPARSEK_LOCKS"])
    (file,) = locks.iterdir()
    theirs = locks / "theirs"
    theirs.write_text("r9")
    with theirs.open() as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        theirs.rename(file)
        wait_until(lambda: (machine.here.job("first") / "log.txt").read_text())
        machine.end(machine.here, "first")
    log = (machine.here.job("first") / "log.txt").read_text()
    assert log == (
        "the lock of the device was removed, and other jobs do not wait: r9 has taken it\n"
    )
