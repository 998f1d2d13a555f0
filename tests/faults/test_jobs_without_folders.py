"""A job whose folder is gone, here or there; a supervisor that does not answer."""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import shutil
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from orchestrator.errors import HostUnfit, LinkLost
from orchestrator.launch.detached import DetachedLauncher
from orchestrator.store.runs.run_store import RunStore
from orchestrator.transport.local import LocalChannel, LocalTransport
from orchestrator.values.command import Command
from orchestrator.values.job import Ending
from orchestrator.values.progress import Silence
from orchestrator.values.run import RunCard
from orchestrator.workflows.jobs.errand import Errand
from orchestrator.workflows.jobs.run_job import bring_home, run_job
from remote_payload.contract import codec
from remote_payload.contract.request import Request
from remote_payload.contract.words import Stage
from tests.faults.conftest import COUNTS, FINISH, Laptop, alive, ended, processes_of, wait_until
from tests.launch.conftest import Bench, bench, in_a_hurry
from tests.workflows.syncing import local_host

__all__ = ["bench", "in_a_hurry"]
LONG = COUNTS * 20 + FINISH
SLEEPS = "print('line', flush=True); time.sleep(300)\n"
_ATTACH, _DETACH = 16, 17


def left_at_work(laptop: Laptop) -> Path:
    """The folder here of a run whose command was killed; its job goes on."""
    laptop.payload(LONG)
    process = laptop.start("profile")
    laptop.wait_for_log()
    process.kill()
    process.wait()
    return laptop.folder()


def test_a_job_whose_folder_is_gone_there_is_not_said_to_be_over_and_can_be_cancelled(
    laptop: Laptop,
) -> None:
    laptop.payload(LONG)
    process = laptop.start("profile")
    laptop.wait_for_log()
    run, job, runner = laptop.folder().name, laptop.job(), laptop.status()["runner_pid"]
    shutil.rmtree(job)
    outcome = ended(process)
    assert outcome.code == 2, outcome.err
    assert f"has no folder of run '{run}' any more, but 2 processes of it run" in outcome.err
    assert "nothing of it is running" not in outcome.err
    assert f" cancel {run} --host pod" in outcome.err
    assert not (laptop.folder() / "end.json").exists(), "how it ended is not known"
    shutil.rmtree(laptop.folder())
    cancelled = laptop.run("cancel", run, "--host", "pod")
    assert cancelled.code == 0, cancelled.err
    assert cancelled.out == f"run {run} was cancelled: its folder was gone\n"
    assert (processes_of(job), alive(runner)) == ([], False)
    again = laptop.run("cancel", run, "--host", "pod")
    assert again.code == 2
    assert "nothing of it is running" in again.err, "by now that is known"


def test_a_job_whose_card_here_is_damaged_is_ended_by_its_host_and_whole_id(
    laptop: Laptop,
) -> None:
    folder = left_at_work(laptop)
    (folder / "run.json").write_bytes(b"")
    attached = laptop.run("attach", folder.name, "--host", "pod")
    assert attached.code == 2
    assert f" runs rm {folder.name}`" in attached.err
    assert f" attach {folder.name} --host NAME`" in attached.err
    for words in ((folder.name,), (folder.name[:-1], "--host", "pod")):
        refused = laptop.run("cancel", *words)
        assert (refused.code, refused.out) == (2, "")
        assert f" cancel {folder.name} --host NAME" in refused.err
    cancelled = laptop.run("cancel", folder.name, "--host", "pod")
    assert (cancelled.code, cancelled.out) == (0, f"run {folder.name} was cancelled\n")
    assert processes_of(laptop.job()) == []
    assert cancelled.err.endswith(f" runs rm {folder.name}\n")
    assert laptop.run("runs", "rm", folder.name, "--yes").code == 0
    assert " runs rm " not in laptop.run("attach", folder.name, "--host", "pod").err
    assert (laptop.folder() / "end.json").is_file()


def test_a_run_whose_folder_is_gone_here_is_attached_to_and_cancelled_by_id_and_host(
    laptop: Laptop,
) -> None:
    left_at_work(laptop)
    run, job = laptop.folder().name, laptop.job()
    shutil.rmtree(laptop.folder())
    for verb in ("attach", "cancel"):
        outcome = laptop.run(verb, run)
        assert outcome.code == 2
        assert f" {verb} {run} --host NAME" in outcome.err
    latest = laptop.run("cancel", "--host", "pod")
    assert latest.code == 2, "the latest of a host may be anybody's"
    begun = laptop.run("cancel", run[:-3], "--host", "pod")
    assert begun.code == 2
    assert f"only the beginning of {run} there" in begun.err
    assert processes_of(job)
    following = laptop.start("attach", run, "--host", "pod")
    laptop.wait_for_log()
    outcome = laptop.run("--runs", str(laptop.root / "none"), "cancel", run, "--host", "pod")
    assert outcome.code == 0, outcome.err
    assert outcome.out == f"run {run} was cancelled\n"
    assert "was cancelled" in ended(following).err
    laptop_log = (laptop.folder() / "log.txt").read_bytes()
    assert laptop_log == (job / "log.txt").read_bytes()
    assert processes_of(job) == []


def running(bench: Bench, text: str = SLEEPS) -> dict[str, int]:
    """Start r1; its status once its payload has spoken."""
    bench.payload(text)
    bench.launcher.submit(bench.spec("r1"), "{}")
    wait_until(lambda: (bench.job("r1") / "log.txt").exists())
    wait_until(lambda: (bench.job("r1") / "log.txt").read_bytes())
    facts: dict[str, int] = json.loads((bench.job("r1") / "status.json").read_text())
    return facts


def test_a_runner_that_was_stopped_can_be_cancelled(bench: Bench) -> None:
    facts = running(bench)
    os.kill(facts["runner_pid"], signal.SIGSTOP)
    began = time.monotonic()
    assert bench.launcher.cancel("r1").why is Ending.CANCELLED
    assert time.monotonic() - began < 15
    assert not alive(facts["pid"])
    wait_until(lambda: not alive(facts["runner_pid"]), 5)  # it goes once it has noted the end


def test_a_runner_that_no_longer_answers_is_killed_and_only_then_said_to_be(bench: Bench) -> None:
    """Held by a debugger, it takes nothing but SIGKILL."""
    if not sys.platform.startswith("linux"):
        pytest.skip("only Linux lets a test hold a process so")
    facts = running(bench)
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.ptrace(_ATTACH, facts["runner_pid"], 0, 0):
        pytest.skip(f"may not hold a process here: {os.strerror(ctypes.get_errno())}")
    os.waitpid(facts["runner_pid"], 0)
    end = bench.launcher.cancel("r1")
    assert (end.why, end.message) == (
        Ending.CANCELLED,
        "its supervisor did not answer and was killed",
    )
    with contextlib.suppress(ChildProcessError):
        os.waitpid(facts["runner_pid"], 0)
    assert not alive(facts["pid"])
    assert [job.end for job in bench.launcher.list_jobs()] == [end]


@pytest.mark.usefixtures("in_a_hurry")
def test_a_job_without_a_runner_yet_is_cancelled_for_good(bench: Bench) -> None:
    """As a killed agent leaves it; whoever submits it again does not start it."""
    bench.payload("print('ran')", runner="raise SystemExit")
    with pytest.raises(HostUnfit, match="could not start the job"):
        bench.launcher.submit(bench.spec("r1"), "{}")
    assert bench.launcher.cancel("r1").why is Ending.CANCELLED
    bench.payload("print('ran')")
    bench.launcher.submit(bench.spec("r1"), "{}")
    log, end, _ = bench.follow("r1")
    assert (log, end.why) == (b"", Ending.CANCELLED)


@pytest.mark.usefixtures("in_a_hurry")
def test_a_runner_that_does_not_come_up_in_time_never_will(bench: Bench, tmp_path: Path) -> None:
    note = tmp_path / "pid"
    slow = f"import os, time\nopen({str(note)!r}, 'w').write(str(os.getpid()))\ntime.sleep(60)\n"
    bench.payload("", runner=slow)
    with pytest.raises(HostUnfit, match="could not start the job"):
        bench.launcher.submit(bench.spec("r1"), "{}")
    assert not alive(int(note.read_text()))


class _LosingItsFirstAnswer(LocalTransport):
    """The job is asked for, the answer is lost, and then the host starts no agent any more."""

    opened = 0

    @contextlib.contextmanager
    def stream(self, command: Command) -> Iterator[LocalChannel]:
        self.opened += 1
        if self.opened > 1:
            raise HostUnfit(f"{self.host.where} did not start our agent")
        with super().stream(command) as channel:
            yield channel
            wait_until(lambda: list(Path(self.host.workspace).glob("jobs/*/end.json")))


def test_what_may_have_been_started_is_not_said_never_to_have_been(
    bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.payload("print('ran')")
    runs, host, snapshot = RunStore(tmp_path / "runs"), local_host(bench.root), bench.published[-1]
    card = RunCard("r1", "bench", host.name, host.workspace, snapshot, "", "", "")
    request = Request("r1", snapshot, (Stage.BENCH,), (), ())
    submit = DetachedLauncher.submit

    def lost(self: DetachedLauncher, *asked: object) -> None:
        submit(self, *asked)  # type: ignore[arg-type]
        raise LinkLost("the answer was lost")

    monkeypatch.setattr(DetachedLauncher, "submit", lost)
    flaky = _LosingItsFirstAnswer(host)
    with pytest.raises(HostUnfit, match="whether run r1 was started before is not known") as told:
        run_job(Errand(flaky, runs, Silence(), sleep=lambda s: None), card, request)
    assert "orchestrator attach r1" in told.value.hint
    assert not (tmp_path / "runs" / "r1" / "end.json").exists()
    with LocalTransport(host) as transport:
        run = bring_home(Errand(transport, runs, Silence()), tmp_path / "runs" / "r1")
    assert run.end is not None
    assert (run.end.why, run.end.exit_status) == (Ending.EXIT, 0)
    assert (tmp_path / "runs" / "r1" / "log.txt").read_text() == "ran\n"
    assert codec.dumps(runs.request(tmp_path / "runs" / "r1"))
