"""A folder that another process holds: waited for while that works, and not where it is stopped."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from orchestrator.errors import LocalFault
from orchestrator.here import alone as module
from orchestrator.here.alone import alone
from orchestrator.store.runs import run_files
from orchestrator.store.runs.run_store import RunStore
from orchestrator.transport.local import LocalTransport
from orchestrator.values.progress import Silence
from orchestrator.workflows.jobs.errand import Errand
from orchestrator.workflows.jobs.fetch_runs import fetch
from orchestrator.workflows.jobs.remote_runs import remote_runs
from orchestrator.workflows.jobs.run_job import bring_home
from remote_payload.contract import codec
from tests.store.test_runs import REQUEST, card
from tests.workflows.syncing import local_host
from tests.workflows.test_fetched_together import finished, started_here
from tests.workflows.test_remote_runs import RUN

HOLDS = """\
import fcntl, os, sys, time
fcntl.flock(os.open(sys.argv[1], os.O_RDONLY), fcntl.LOCK_EX)
print("held", flush=True)
time.sleep(float(sys.argv[2]))
"""
LINUX = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="/proc/locks tells who")


@contextmanager
def holder(folder: Path, seconds: float = 60) -> Iterator[subprocess.Popen[str]]:
    words = [sys.executable, "-c", HOLDS, str(folder), str(seconds)]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        yield process
        process.kill()


@contextmanager
def stopped(folder: Path) -> Iterator[subprocess.Popen[str]]:
    """A terminal in which somebody pressed Ctrl-Z."""
    with holder(folder) as process:
        process.send_signal(signal.SIGSTOP)
        yield process


@pytest.fixture
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "STOPPED_S", 0.5)


@LINUX
@pytest.mark.usefixtures("soon")
def test_a_holder_that_is_stopped_is_named_with_what_lets_it_go_on_or_ends_it(
    tmp_path: Path,
) -> None:
    with stopped(tmp_path) as process:
        with pytest.raises(LocalFault) as caught, alone(tmp_path):
            pass
        pid = process.pid
        assert caught.value.message == f"{tmp_path} is held by process {pid}, which is stopped"
        assert f"`kill -CONT {pid}` lets it go on, `kill -KILL {pid}` ends it" in caught.value.hint
        subprocess.run(["kill", "-KILL", str(pid)], check=True)
        with alone(tmp_path):
            pass


@pytest.mark.usefixtures("soon")
def test_a_holder_that_works_is_waited_for_however_long_that_takes(tmp_path: Path) -> None:
    began = time.monotonic()
    with holder(tmp_path, 1.5), alone(tmp_path):
        assert time.monotonic() - began > 1.0


def test_a_holder_that_goes_on_after_a_while_is_waited_for(tmp_path: Path) -> None:
    with stopped(tmp_path) as process:
        lets_go = f"sleep 1; kill -CONT {process.pid}; kill {process.pid}"
        with subprocess.Popen(["/bin/sh", "-c", lets_go]), alone(tmp_path):
            pass


@LINUX
@pytest.mark.usefixtures("soon")
def test_a_stopped_terminal_that_follows_a_run_is_told_to_who_attaches_and_keeps_its_files(
    tmp_path: Path,
) -> None:
    runs = RunStore(tmp_path / "runs")
    finished(tmp_path / "w", files={"a.bin": b"whole"})
    started_here(runs)
    half = runs.folder(RUN) / "artifacts" / "a.bin.partial"
    half.parent.mkdir()
    half.write_bytes(b"wh")
    with LocalTransport(local_host(tmp_path / "w")) as way, stopped(runs.folder(RUN)):
        with pytest.raises(LocalFault, match="which is stopped") as caught:
            bring_home(Errand(way, runs, Silence()), runs.folder(RUN))
        assert f"Then: orchestrator attach {RUN}" in caught.value.hint
        (run,) = remote_runs(way, runs)
        with pytest.raises(LocalFault, match="which is stopped"):
            fetch(way, runs, run, Silence())
    assert half.read_bytes() == b"wh"


@LINUX
@pytest.mark.usefixtures("soon")
def test_a_cost_is_not_waited_for_to_be_kept_beside_a_stopped_terminals(tmp_path: Path) -> None:
    runs = RunStore(tmp_path / "runs")
    made = runs.create(card("a"), REQUEST)
    with stopped(runs.root), pytest.raises(LocalFault, match="which is stopped"):
        runs.add_charge(runs.folder(made.run_id), None)


def test_a_folder_that_another_terminal_removes_while_it_is_to_be_made_is_made_once_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, make = tmp_path / "arriving", os.mkdir

    def is_there_until_now(path: Path, mode: int = 0o777) -> None:
        if path == folder:
            monkeypatch.setattr(os, "mkdir", make)
            make(path)
        try:
            make(path, mode)
        finally:
            if path == folder:
                path.rmdir()

    monkeypatch.setattr(os, "mkdir", is_there_until_now)
    with alone(folder, make=True):
        assert folder.is_dir()
    assert os.mkdir is make


@pytest.mark.parametrize(
    ("takes", "error"),
    [(Path.touch, FileExistsError), (lambda at: at.symlink_to("none"), FileNotFoundError)],
    ids=["a file", "a link to nothing"],
)
def test_what_is_in_the_place_of_a_folder_that_is_to_be_made_is_told(
    tmp_path: Path, takes: Callable[[Path], None], error: type[OSError]
) -> None:
    takes(tmp_path / "arriving")
    with pytest.raises(error), alone(tmp_path / "arriving", make=True):
        pass


@LINUX
def test_a_run_is_removed_while_nobody_edits_its_card_and_not_once_that_has_a_tag(
    tmp_path: Path,
) -> None:
    store = RunStore(tmp_path)
    folder = store.folder(store.create(card("a"), REQUEST).run_id)
    edited = codec.dumps(replace(run_files.card(folder), tags=("best",)))
    with ThreadPoolExecutor(1) as pool:
        with alone(tmp_path):
            gone = pool.submit(store.remove, folder, spare_tagged=True)
            assert not wait([gone], timeout=0.5).done, "it waits for its turn"
            (folder / "run.json").write_text(edited)
        assert gone.result() is False
    assert run_files.card(folder).tags == ("best",)
    assert store.remove(folder)
