"""Jobs whose workspace is moved, linked or copied while they run: each is followed and ended in
its own folder, wherever that is by now, and never in a copy of it."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from orchestrator.errors import HostUnfit, RunError
from orchestrator.launch.detached import DetachedLauncher
from orchestrator.store.runs.run_store import RunStore
from orchestrator.transport.local import LocalTransport
from orchestrator.values.job import Ending
from orchestrator.values.progress import Silence
from orchestrator.workflows.jobs.fetch_runs import adopt, fetch
from orchestrator.workflows.jobs.remote_runs import remote_runs
from tests.faults.conftest import alive, wait_until
from tests.launch.conftest import Bench

ENDS = "while not os.path.exists({go!r}): time.sleep(0.02)\nprint('ended', flush=True)\n"
LINUX = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="a process tells no folder")


@dataclass(frozen=True)
class Job:
    """r1, which runs in a workspace until told to go on. facts: of its status.json."""

    bench: Bench
    go: Path
    facts: dict[str, Any]

    def at(self, workspace: Path) -> DetachedLauncher:
        """Whoever knows the host by another workspace."""
        host = replace(self.bench.launcher.host, workspace=str(workspace))
        return DetachedLauncher(LocalTransport(host))

    def runs(self) -> tuple[bool, bool]:
        """Whether its supervisor lives, and its payload."""
        return alive(self.facts["runner_pid"]), alive(self.facts["pid"])

    def assert_over(self) -> None:
        """A runner goes a moment after it has noted the end."""
        wait_until(lambda: self.runs() == (False, False), 5)

    def kill_runner(self) -> None:
        os.kill(self.facts["runner_pid"], signal.SIGKILL)
        wait_until(lambda: not alive(self.facts["runner_pid"]))


def started(bench: Bench, go: Path, run_id: str = "r1") -> dict[str, Any]:
    bench.payload("print('line', flush=True)\n" + ENDS.format(go=str(go)))
    bench.launcher.submit(bench.spec(run_id), "{}")
    wait_until(lambda: (bench.job(run_id) / "log.txt").exists())
    wait_until(lambda: (bench.job(run_id) / "log.txt").read_text())
    facts: dict[str, Any] = json.loads((bench.job(run_id) / "status.json").read_text())
    return facts


@pytest.fixture
def job(bench: Bench, tmp_path: Path) -> Iterator[Job]:
    found = Job(bench, tmp_path / "go", started(bench, tmp_path / "go"))
    yield found
    found.go.touch()
    for pid in (found.facts["runner_pid"], found.facts["pid"]):
        if alive(pid):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


def ending(launcher: DetachedLauncher) -> tuple[Ending, bytes]:
    log = bytearray()
    end = launcher.follow("r1", 0, log.extend, lambda _: None)
    return end.why, bytes(log)


def test_cancel_in_a_copy_of_a_workspace_leaves_the_job_of_the_original_alone(
    job: Job, tmp_path: Path
) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(job.bench.root, copy, symlinks=True)
    with pytest.raises(HostUnfit, match=r"run 'r1' is a copy of .*/work space/jobs/r1") as told:
        job.at(copy).cancel("r1")
    assert "whose workspace it was started in" in told.value.hint
    with pytest.raises(HostUnfit, match="is a copy of"):
        ending(job.at(copy))
    (listed,) = job.at(copy).list_jobs()
    assert (listed.end, listed.beat.state) == (None, "copied")
    assert job.runs() == (True, True)
    job.go.touch()
    assert ending(job.bench.launcher) == (Ending.EXIT, b"line\nended\n")
    with pytest.raises(HostUnfit, match="is a copy of"):
        ending(job.at(copy))


@LINUX
def test_a_copy_that_took_the_place_of_its_original_does_not_end_the_job(
    job: Job, tmp_path: Path
) -> None:
    moved = job.bench.root.rename(tmp_path / "moved")
    shutil.copytree(moved, job.bench.root, symlinks=True)
    with pytest.raises(HostUnfit, match="is a copy of"):
        job.bench.launcher.cancel("r1")
    assert job.runs() == (True, True)
    assert job.at(moved).cancel("r1").why is Ending.CANCELLED


def test_of_a_job_of_which_only_a_copy_is_left_nobody_says_how_it_ended_and_cancel_gives_it_up(
    job: Job, tmp_path: Path
) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(job.bench.root, copy, symlinks=True)
    job.kill_runner()
    shutil.rmtree(job.bench.job("r1"))
    with pytest.raises(HostUnfit, match="which is gone: how it ended nobody here can tell"):
        ending(job.at(copy))
    end = job.at(copy).cancel("r1")
    assert end.words == "was cancelled: only a copy of its folder was left, made while it ran"
    job.assert_over()
    assert ending(job.at(copy))[0] is Ending.CANCELLED


def test_a_copy_of_a_job_that_ended_whole_and_was_moved_away_is_not_said_to_be_lost(
    job: Job, tmp_path: Path
) -> None:
    copy, moved, runs = tmp_path / "copy", tmp_path / "moved", RunStore(tmp_path / "runs")
    shutil.copytree(job.bench.root, copy, symlinks=True)
    job.go.touch()
    assert ending(job.bench.launcher)[0] is Ending.EXIT
    job.assert_over()
    job.bench.root.rename(moved)
    host = replace(job.bench.launcher.host, workspace=str(copy))
    with LocalTransport(host) as way:
        (run,) = remote_runs(way, runs)
        assert (run.end, run.state, run.words.partition(",")[0]) == (None, "copied", "is a copy")
        with pytest.raises(HostUnfit, match="run r1 is a copy, made while it ran") as caught:
            fetch(way, runs, run, Silence())
        assert "whose workspace it was started in" in caught.value.hint
        with pytest.raises(HostUnfit, match="run r1 is a copy, made while it ran"):
            adopt(way, runs, "r1", Silence())
    assert not (tmp_path / "runs").exists(), "nothing was brought, and no run is left that waits"
    assert ending(job.at(moved))[0] is Ending.EXIT


def test_a_job_whose_workspace_was_moved_ends_as_any_other(job: Job, tmp_path: Path) -> None:
    moved = job.bench.root.rename(tmp_path / "moved")
    job.go.touch()
    assert ending(job.at(moved)) == (Ending.EXIT, b"line\nended\n")
    assert (moved / "jobs" / "r1" / "runner.err").read_text() == ""


def test_a_job_whose_workspace_was_moved_can_be_cancelled(job: Job, tmp_path: Path) -> None:
    moved = job.bench.root.rename(tmp_path / "moved")
    assert job.at(moved).cancel("r1").why is Ending.CANCELLED
    job.assert_over()
    assert ending(job.at(moved)) == (Ending.CANCELLED, b"line\n")


@LINUX
@pytest.mark.parametrize("linked", [False, True], ids=["moved", "moved and linked back"])
@pytest.mark.parametrize("damage", ["none", "status", "folder"])
def test_a_runner_is_found_wherever_its_workspace_was_moved(
    job: Job, tmp_path: Path, linked: bool, damage: str
) -> None:
    moved = job.bench.root.rename(tmp_path / "moved")
    if linked:
        job.bench.root.symlink_to(moved)
    if damage == "status":
        (moved / "jobs" / "r1" / "status.json").write_text("")
    if damage == "folder":
        shutil.rmtree(moved / "jobs" / "r1")
    launcher = job.bench.launcher if linked else job.at(moved)
    assert launcher.cancel("r1").why is Ending.CANCELLED
    job.assert_over()


@pytest.mark.parametrize("linked", [False, True], ids=["moved", "moved and linked back"])
def test_what_a_killed_runner_left_is_ended_wherever_its_workspace_was_moved(
    job: Job, tmp_path: Path, linked: bool
) -> None:
    moved = job.bench.root.rename(tmp_path / "moved")
    if linked:
        job.bench.root.symlink_to(moved)
    job.kill_runner()
    launcher = job.bench.launcher if linked else job.at(moved)
    assert launcher.follow("r1", 0, lambda _: None, lambda _: None).why is Ending.RUNNER_KILLED
    job.assert_over()


@pytest.mark.parametrize("linked", [False, True], ids=["moved", "moved and linked back"])
def test_a_job_whose_workspace_was_moved_while_it_waited_says_so_or_finds_it_by_its_old_path(
    job: Job, tmp_path: Path, linked: bool
) -> None:
    job.bench.launcher.submit(job.bench.spec("r2"), "{}")
    status = job.bench.job("r2") / "status.json"
    wait_until(lambda: json.loads(status.read_text()).get("waiting_for"))
    moved = job.bench.root.rename(tmp_path / "moved")
    if linked:
        job.bench.root.symlink_to(moved)
    job.go.touch()
    end = job.at(moved).follow("r2", 0, lambda _: None, lambda _: None)
    if linked:
        assert end.why is Ending.EXIT
    else:
        assert end.why is Ending.SPAWN
        assert end.message == "its workspace was moved while it waited; start it again"


@pytest.mark.parametrize("damage", ["status", "folder"])
def test_a_job_that_waits_is_found_by_every_spelling_of_its_workspace(
    job: Job, tmp_path: Path, damage: str
) -> None:
    job.bench.launcher.submit(job.bench.spec("r2"), "{}")
    waiting = json.loads((job.bench.job("r2") / "status.json").read_text())["runner_pid"]
    link = tmp_path / "link"
    link.symlink_to(job.bench.root)
    if damage == "status":
        (job.bench.job("r2") / "status.json").write_text("")
        assert [one.end for one in job.at(link).list_jobs()] == [None, None]
    else:
        shutil.rmtree(job.bench.job("r2"))
        with pytest.raises(RunError, match="1 process of it runs on there"):
            job.at(link).follow("r2", 0, lambda _: None, lambda _: None)
    assert job.at(link).cancel("r2").why is Ending.CANCELLED
    wait_until(lambda: not alive(waiting), 5)
    assert job.runs() == (True, True)


def test_a_job_of_a_runner_that_did_not_note_its_folder_is_followed_and_cancelled_as_before(
    job: Job,
) -> None:
    status = job.bench.job("r1") / "status.json"
    facts = {key: value for key, value in job.facts.items() if key not in ("home", "inode")}
    status.write_text(json.dumps(facts))
    assert [one.end for one in job.bench.launcher.list_jobs()] == [None]
    assert job.bench.launcher.cancel("r1").why is Ending.CANCELLED
    job.assert_over()
