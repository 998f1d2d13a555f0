"""On the host something dies, hangs, stays behind, or the whole machine restarts."""

from __future__ import annotations

import ctypes
import json
import os
import signal
import sys
import time
from pathlib import Path

import pytest

from orchestrator.store.runs.run_store import RunStore
from orchestrator.sync.deploy import deploy_from
from orchestrator.transport.local import LocalTransport
from orchestrator.values.progress import Silence
from orchestrator.values.run import RunCard
from orchestrator.workflows.jobs.errand import Errand
from orchestrator.workflows.jobs.run_job import run_job
from remote_payload.contract import codec
from remote_payload.contract.request import Request
from tests.faults.conftest import (
    COUNTS,
    FINISH,
    Laptop,
    alive,
    ended,
    processes_of,
    wait_until,
)
from tests.ssh.server import SshServer
from tests.workflows.syncing import local_host

_TOOLS = Path(__file__).parents[1] / "fixtures" / "doctor"
LOOKS_LIKE_AN_H100 = {
    "PATH": f"{_TOOLS / 'h100'}:/usr/local/bin:/usr/bin:/bin",
    "PYTHONPATH": str(_TOOLS / "torch_cuda"),
}
_PR_SET_CHILD_SUBREAPER = 36


def test_a_killed_runner_is_a_failed_run_with_the_last_lines_of_its_log(laptop: Laptop) -> None:
    laptop.payload(COUNTS * 20 + FINISH)
    process = laptop.start("profile")
    laptop.wait_for_log("line 60\n")
    os.kill(laptop.status()["runner_pid"], signal.SIGKILL)
    outcome = ended(process)
    assert outcome.code == 1
    assert "failed: it was lost when its supervisor was killed" in outcome.err
    assert "line 60" in outcome.err
    assert "line 20\n" not in outcome.err
    assert "unknown" not in outcome.err
    assert processes_of(laptop.job()) == []
    assert "supervisor was killed" in (laptop.folder() / "report.md").read_text()


def test_a_job_that_lost_its_runner_holds_the_device_no_longer(
    laptop: Laptop, second_laptop: Laptop
) -> None:
    laptop.payload("signal.signal(signal.SIGTERM, signal.SIG_IGN)\n" + COUNTS * 20 + FINISH)
    process = laptop.start("profile")
    laptop.wait_for_log()
    process.kill()
    process.wait()
    time.sleep(1)  # the agent that followed has noticed; it would have ended the orphan
    os.kill(laptop.status()["runner_pid"], signal.SIGKILL)
    first, waiting = laptop.folder().name, second_laptop.start("profile")

    def has_to_wait() -> bool:
        states = (laptop.workspace / "jobs").glob("*/status.json")
        return any(json.loads(state.read_text()).get("waiting_for") == first for state in states)

    wait_until(has_to_wait)
    time.sleep(2.5)
    assert waiting.poll() is None  # the orphan still computes, and still holds the lock
    assert laptop.run("cancel").code == 0
    outcome = ended(waiting)
    assert outcome.code == 0, outcome.err
    assert f"waiting for {first}" in outcome.err


def test_a_killed_payload_is_a_failed_run_that_names_the_signal(laptop: Laptop) -> None:
    process = laptop.start("profile")
    laptop.wait_for_log("line 20\n")
    os.kill(laptop.status()["pid"], signal.SIGKILL)
    outcome = ended(process)
    assert outcome.code == 1
    assert "failed: it was killed by signal 9" in outcome.err
    assert "line 20" in outcome.err


def test_a_payload_that_hangs_and_ignores_sigterm_is_ended_all_the_same(laptop: Laptop) -> None:
    laptop.payload(
        "signal.signal(signal.SIGTERM, signal.SIG_IGN)\nprint('line', flush=True)\ntime.sleep(300)"
    )
    process = laptop.start("profile")
    laptop.wait_for_log()
    assert laptop.run("cancel").code == 0
    outcome = ended(process)
    assert outcome.code == 1
    assert "was cancelled" in outcome.err
    assert processes_of(laptop.job()) == []


def test_a_daemon_that_the_payload_left_behind_is_ended_with_it(laptop: Laptop) -> None:
    laptop.payload(
        "if not os.fork():\n"
        "    os.setsid()\n"
        "    if os.fork(): os._exit(0)\n"
        "    os.closerange(0, 100); os.chdir('/')\n"
        "    signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "    time.sleep(300)\n"
        "os.wait(); time.sleep(0.3)\n" + FINISH
    )
    assert laptop.run("profile").code == 0
    wait_until(lambda: processes_of(laptop.job()) == [])
    laptop.assert_whole()


def test_a_host_that_restarted_in_mid_job_says_so(laptop: Laptop) -> None:
    process = laptop.start("profile")
    laptop.wait_for_log("line 20\n")
    process.kill()
    facts = laptop.status()
    for pid in (facts["runner_pid"], facts["pid"]):
        os.kill(pid, signal.SIGKILL)
    wait_until(lambda: not alive(facts["runner_pid"]))
    # After a restart the same number may well be another process.
    facts.update(boot="another-boot/1", runner_pid=os.getpid(), runner_ticks=None)
    (laptop.job() / "status.json").write_text(json.dumps(facts))
    outcome = laptop.run("attach")
    assert outcome.code == 1
    assert "was lost when the host restarted" in outcome.err
    assert "line 20" in outcome.err


@pytest.mark.parametrize("clock", ["ahead", "behind"])
def test_a_clock_that_is_a_year_off_confuses_nobody(
    laptop: Laptop, clock: str, tmp_path: Path
) -> None:
    """The agents live in another year than the files, which is worse than a wrong clock."""
    year_s = 366 * 86400 * (1 if clock == "ahead" else -1)
    wrapper = tmp_path / "python"
    wrapper.write_text(
        f"#!{sys.executable}\n"
        "import os, sys\n"
        "argv = [sys.executable, *sys.argv[1:]]\n"
        "if '-c' in argv:\n"
        "    at = argv.index('-c') + 1\n"
        f"    argv[at] = 'import time;n=time.time;time.time=lambda:n()+{year_s};' + argv[at]\n"
        "os.execv(argv[0], argv)\n"
    )
    wrapper.chmod(0o755)
    laptop.describe(python=str(wrapper))
    assert laptop.run("profile").code == 0
    laptop.assert_whole()
    assert laptop.run("attach").code == 0


def test_two_laptops_at_once_take_turns_and_both_get_their_own_result(
    laptop: Laptop, second_laptop: Laptop
) -> None:
    second_laptop.payload("print('the other one')\n" + COUNTS + FINISH)
    processes = [one.start("profile") for one in (laptop, second_laptop)]
    outcomes = [ended(process) for process in processes]
    assert [outcome.code for outcome in outcomes] == [0, 0], outcomes
    logs = [(one.folder() / "log.txt").read_text() for one in (laptop, second_laptop)]
    assert [log.startswith("the other one") for log in logs] == [False, True]
    assert len(list((laptop.workspace / "jobs").iterdir())) == 2
    for one in (laptop, second_laptop):
        there = laptop.workspace / "jobs" / one.folder().name
        assert (there / "log.txt").read_bytes() == (one.folder() / "log.txt").read_bytes()
    assert sum("waiting for" in outcome.err for outcome in outcomes) <= 1


def test_two_jobs_for_one_gpu_take_turns_and_the_second_says_for_whom_it_waits(
    laptop: Laptop, second_laptop: Laptop, tmp_path: Path
) -> None:
    book = tmp_path / "book"
    note = f"with open({str(book)!r}, 'a') as book: print(request.run_id, file=book)\n"
    for one in (laptop, second_laptop):
        one.payload(note + COUNTS * 3 + note + FINISH)
        one.describe(gpu=0, env=LOOKS_LIKE_AN_H100)
    first = laptop.start("profile", "--no-ncu")
    laptop.wait_for_log()
    outcomes = [ended(second_laptop.start("profile", "--no-ncu")), ended(first)]
    assert [outcome.code for outcome in outcomes] == [0, 0], outcomes
    assert f"waiting for {laptop.folder().name}" in outcomes[0].err
    names = [one.folder().name for one in (laptop, second_laptop)]
    assert book.read_text().split() == [names[0], names[0], names[1], names[1]]


def test_two_runs_of_one_name_from_two_laptops_get_names_and_results_of_their_own(
    laptop: Laptop,
) -> None:
    """As two people do it who press Return in the same second."""
    assert laptop.run("profile").code == 0
    first = laptop.folder()
    card = codec.loads(RunCard, (first / "run.json").read_text())
    request = codec.loads(Request, (first / "request.json").read_text())
    runs = RunStore(laptop.root / "other runs")
    with LocalTransport(local_host(laptop.workspace)) as transport:
        second = run_job(Errand(transport, runs, Silence()), card, request)
    assert second.card.run_id.startswith(f"{first.name}-")
    assert second.result is not None
    assert second.result.request.run_id == second.card.run_id
    assert [folder.name for folder in runs.all()] == [second.card.run_id]
    assert len(list((laptop.workspace / "jobs").iterdir())) == 2


def test_a_stale_lock_is_no_lock(laptop: Laptop, sshd: SshServer) -> None:
    (sshd.locks / "blackwell-sparsek-machine").write_text("a-run-that-died-long-ago")
    outcome = laptop.run("profile")
    assert outcome.code == 0
    assert "waiting for" not in outcome.err


def test_a_dead_runner_that_nobody_collects_is_dead_all_the_same(laptop: Laptop) -> None:
    """In a container whose process 1 is `sleep`, the dead stay listed for ever."""
    if not sys.platform.startswith("linux"):
        pytest.skip("only Linux lets a test stand in for process 1")
    laptop.payload(COUNTS * 20 + FINISH)
    libc = ctypes.CDLL(None)
    libc.prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    try:
        # On this machine itself: so the runner becomes a child of this process, not of sshd's.
        laptop.facts.clear()
        laptop.describe(transport="local", workspace=str(laptop.workspace), python=sys.executable)
        process = laptop.start("profile")
        laptop.wait_for_log()
        process.kill()
        process.wait()
        runner = laptop.status()["runner_pid"]
        os.kill(runner, signal.SIGKILL)
        wait_until(lambda: not alive(runner))
        assert Path(f"/proc/{runner}").exists()
        outcome = laptop.run("attach")
        assert "supervisor was killed" in outcome.err
    finally:
        libc.prctl(_PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0)
        _collect_children(laptop)


def _collect_children(laptop: Laptop) -> None:
    known = {process.pid for process in laptop.started}
    for entry in Path(f"/proc/self/task/{os.getpid()}/children").read_text().split():
        if int(entry) not in known:
            try:
                os.waitpid(int(entry), os.WNOHANG)
            except ChildProcessError:
                continue


def test_the_snapshot_of_a_run_survives_snapshots_from_the_future(laptop: Laptop) -> None:
    """The host's clock was a year ahead for a while, and is right again."""
    for number in range(6):
        laptop.payload(f"print({number})\n" + FINISH)
        deploy_from(laptop.root, LocalTransport(local_host(laptop.workspace)))
    for record in (laptop.workspace / "snapshots").glob("*.json"):
        os.utime(record, (time.time() + 366 * 86400,) * 2)
    (laptop.workspace / "locks" / "sync").write_text("")
    laptop.payload("print('the clock is right')\n" + FINISH)
    outcome = laptop.run("profile")
    assert outcome.code == 0, outcome.err
