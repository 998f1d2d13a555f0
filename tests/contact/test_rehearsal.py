"""Both parts of a contact, rehearsed on a CPU, from a tree without .git; one is killed half-way."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tarfile
import time
from dataclasses import dataclass
from pathlib import Path

import pytest

from remote_payload.contract import codec
from remote_payload.contract.result import Result
from remote_payload.contract.words import Stage, Status
from tests.once import once
from tests.payload.running import ROOT
from tests.ssh.server import LOCKS

pytestmark = [
    pytest.mark.timeout(600),
    pytest.mark.skipif(
        sys.version_info < (3, 11) or not sys.platform.startswith("linux"),
        reason="a GPU machine is Linux with Python 3.11 or newer",
    ),
]


@dataclass(frozen=True)
class Left:
    """What one call of .ci/gpu left: its exit status, what it printed, its archive."""

    exit_status: int
    said: str
    archive: Path

    def results(self) -> list[Result]:
        with tarfile.open(self.archive) as tar:
            files = [
                tar.extractfile(n) for n in sorted(tar.getnames()) if n.endswith("result.json")
            ]
            return [codec.loads(Result, file.read().decode()) for file in files if file]


class Machine:
    """A copy of the tree as it would travel, with a home, and a Python that has everything."""

    def __init__(self, folder: Path, builds: Path) -> None:
        """builds: what others of these tests have compiled, found again by what it was made of."""
        self.tree, self.home = folder / "tree", folder / "home"
        workspace = self.home / ".cache" / "blackwell-sparsek"
        workspace.mkdir(parents=True)
        (workspace / "builds").symlink_to(builds)
        self.locks = folder / "locks"
        self.locks.mkdir()
        listed = ["git", "ls-files", "-co", "--exclude-standard", "-z"]
        names = subprocess.run(listed, cwd=ROOT, capture_output=True, check=True).stdout
        for name in filter(None, names.decode().split("\0")):
            if (ROOT / name).is_file():
                target = self.tree / name
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(ROOT / name, target)

    def start(self, part: str, out: Path) -> subprocess.Popen[str]:
        out.mkdir()
        env = {
            "HOME": str(self.home),
            "PATH": os.environ["PATH"],
            "PYTHON": sys.executable,
            "OUT": str(out),
            "CUDA_VISIBLE_DEVICES": "",
            LOCKS: str(self.locks),
        }
        return subprocess.Popen(
            [str(self.tree / ".ci" / "gpu"), part, "--rehearse"],
            env=env,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Machine:
    pytest.importorskip("torch")
    return Machine(tmp_path_factory.mktemp("machine"), once(tmp_path_factory, "builds"))


def archived_a_stage(process: subprocess.Popen[str], left: Left) -> None:
    """Wait until the end of a stage has reached the archive."""
    end = time.monotonic() + 240
    while not (left.archive.exists() and any(result.stages for result in left.results())):
        assert process.poll() is None
        assert time.monotonic() < end
        time.sleep(0.1)


@pytest.fixture(scope="module")
def killed(machine: Machine, tmp_path_factory: pytest.TempPathFactory) -> Left:
    """Killed like a machine that is taken away, once a stage is over."""
    out = tmp_path_factory.mktemp("killed") / "out"
    process = machine.start("first", out)
    left = Left(-signal.SIGKILL, "", out / "gpu-first.tgz")
    archived_a_stage(process, left)
    os.killpg(process.pid, signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    return left


@pytest.fixture(scope="module")
def rest(machine: Machine, killed: Left, tmp_path_factory: pytest.TempPathFactory) -> Left:
    """What comes on the same machine after the one that was killed."""
    return whole(machine, "rest", tmp_path_factory.mktemp("rest") / "out")


@pytest.fixture(scope="module")
def first(machine: Machine, rest: Left, tmp_path_factory: pytest.TempPathFactory) -> Left:
    return whole(machine, "first", tmp_path_factory.mktemp("first") / "out")


def whole(machine: Machine, part: str, out: Path) -> Left:
    process = machine.start(part, out)
    said, _ = process.communicate(timeout=500)
    return Left(process.returncode, said, out / f"gpu-{part}.tgz")


def test_what_was_done_when_the_machine_was_taken_away_is_home(killed: Left) -> None:
    (result,) = killed.results()
    assert result.stages[0].stage is Stage.BUILD
    assert result.build is not None
    assert (result.status, result.reason) == (Status.FAILED, "interrupted")


def test_the_next_contact_ends_what_the_last_one_left_running(rest: Left, killed: Left) -> None:
    (result,) = killed.results()
    assert f"ending run {result.request.run_id}, which goes on" in rest.said


def test_the_rest_is_done_in_the_order_of_its_worth_and_brings_its_result(rest: Left) -> None:
    (result,) = rest.results()
    assert (rest.exit_status, result.status) == (0, Status.OK), rest.said
    assert [stage.stage for stage in result.stages] == [
        Stage.BUILD,
        Stage.CHECK,
        Stage.BENCH,
        Stage.NCU,
        Stage.PROVE,
        Stage.CEILINGS,
        Stage.TRACE,
    ]
    assert result.checks[0].provider == "sparsek"
    timed = {row.provider for row in result.bench if row.samples_us}
    assert {"sdpa", "sdpa-flash"} <= timed
    assert "\n## Times warm (back to back): " in rest.said
    assert "next: bring the archives home, then: make gpu-results FROM=" in rest.said


def test_first_light_times_what_passed_and_then_asks_the_hardware(first: Left) -> None:
    """Without a GPU ours is emulated and never timed, which is told at the end: exit status 4."""
    bench, prove = first.results()
    assert (first.exit_status, bench.unfit) == (4, True), first.said
    assert [check.status for check in bench.checks] == [Status.OK] * 6
    assert {row.provider for row in bench.bench} == {"sdpa", "sdpa-flash"}
    assert [record.name for record in prove.proofs] == ["conformance"]
    assert "next: .ci/gpu rest --variants " in first.said


def test_the_archive_tells_of_the_machine_and_holds_the_log_with_its_seconds(first: Left) -> None:
    with tarfile.open(first.archive) as tar:
        log, facts = tar.extractfile("gpu-first/log.txt"), tar.extractfile("gpu-first/machine.txt")
        assert log is not None
        assert facts is not None
        *_, kept, last = log.read().decode().splitlines()
        assert kept.endswith(f"all of it is in {first.archive}")
        assert "] next: " in last
        assert "$ uname -srvm" in facts.read().decode()


def test_told_to_end_with_nobody_listening_it_keeps_all_and_leaves_nothing_running(
    machine: Machine, first: Left, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    process = machine.start("first", out)
    assert process.stdout is not None
    process.stdout.readline()
    process.stdout.close()
    left = Left(128 + signal.SIGTERM, "", out / "gpu-first.tgz")
    archived_a_stage(process, left)
    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=60) == left.exit_status
    with tarfile.open(left.archive) as tar:
        log = tar.extractfile("gpu-first/log.txt")
        assert log is not None
        lines = log.read().decode().splitlines()
    (run,) = [line for line in lines if "ending run " in line]
    assert lines[-2].endswith(f"all of it is in {left.archive}")
    job = run.split("ending run ")[1].partition(",")[0]
    (folder,) = machine.home.glob(f"**/jobs/{job}")
    assert '"why": "cancelled"' in (folder / "end.json").read_text()
