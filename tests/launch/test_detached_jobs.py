"""Real jobs under the real runner, through the real job agent."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from orchestrator.errors import HostUnfit, LinkLost, RunError, RunTaken
from orchestrator.launch.detached import DetachedLauncher
from orchestrator.transport.local import LocalTransport
from orchestrator.values.job import Ending
from orchestrator.values.progress import Silence
from tests.launch.conftest import Bench

WRITE_RESULT = "open(sys.argv[2], 'w').write('{\"answer\": 42}')\n"


def alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2][0]
    except OSError:
        return False
    return state != "Z"


def wait_until(true: object, limit_s: float = 10.0) -> None:
    assert callable(true)
    deadline = time.monotonic() + limit_s
    while not true():
        assert time.monotonic() < deadline, "it did not come about in time"
        time.sleep(0.02)


def test_a_job_runs_detached_and_its_log_and_exit_status_come_back(bench: Bench) -> None:
    log, end = bench.run("r1", "print('hello'); sys.stderr.write('world\\n'); sys.exit(3)")
    assert log == b"hello\nworld\n"
    assert (end.why, end.exit_status) == (Ending.EXIT, 3)


def test_a_job_may_print_any_character_whatever_the_locale(bench: Bench) -> None:
    locale = (("LC_ALL", "C"), ("PYTHONCOERCECLOCALE", "0"), ("PYTHONUTF8", "0"))
    log, end = bench.run("r1", "print('é … 😀 \\udce9')", env=locale)
    assert log.decode() == "é … 😀 \\udce9\n"
    assert end.exit_status == 0


def test_the_log_resumes_at_the_exact_byte(bench: Bench) -> None:
    whole, _ = bench.run("r1", "print('0123456789' * 1000)")
    rest, _, _ = bench.follow("r1", offset=4321)
    assert rest == whole[4321:]


def test_a_log_of_ten_megabytes_arrives_whole_and_fast(bench: Bench) -> None:
    began = time.monotonic()
    log, _ = bench.run("r1", "sys.stdout.write('x' * 10_000_000)")
    assert log == b"x" * 10_000_000
    assert time.monotonic() - began < 10


def test_submitting_twice_starts_one_job(bench: Bench) -> None:
    bench.payload("open('/dev/stdout', 'a').write(f'{os.getpid()}\\n'); time.sleep(0.5)")
    bench.launcher.submit(bench.spec("r1"), "{}")
    bench.launcher.submit(bench.spec("r1"), "{}")
    log, _, _ = bench.follow("r1")
    assert len(log.splitlines()) == 1


def test_a_job_past_its_time_limit_is_stopped_on_the_host(bench: Bench) -> None:
    _, end = bench.run("r1", "time.sleep(60)", time_limit_s=0.5)
    assert (end.why, end.exit_status) == (Ending.TIMEOUT, -signal.SIGTERM)


def test_a_job_that_prints_without_end_is_stopped(bench: Bench) -> None:
    _, end = bench.run("r1", "while 1: print('x' * 1000)", output_limit_bytes=100_000)
    assert end.why is Ending.OUTPUT_LIMIT


def test_cancel_ends_even_a_job_that_ignores_sigterm_and_what_it_forked(bench: Bench) -> None:
    bench.payload(
        "import signal, subprocess\n"
        "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "child = subprocess.Popen(['sleep', '300'], start_new_session=True)\n"
        "print(child.pid, os.getpid(), flush=True)\n"
        "time.sleep(300)\n"
    )
    bench.launcher.submit(bench.spec("r1"), "{}")
    log_path = bench.job("r1") / "log.txt"
    wait_until(lambda: log_path.exists() and log_path.read_bytes().endswith(b"\n"))
    pids = [int(word) for word in log_path.read_text().split()]
    end = bench.launcher.cancel("r1")
    assert end.why is Ending.CANCELLED
    assert not any(alive(pid) for pid in pids)


def test_a_daemon_left_behind_by_the_payload_is_swept_away(bench: Bench) -> None:
    log, end = bench.run(
        "r1",
        "import subprocess\n"
        "p = subprocess.Popen(['sleep', '300'], start_new_session=True,"
        " stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)\n"
        "print(p.pid)\n",
    )
    assert end.exit_status == 0
    assert not alive(int(log))


def test_a_killed_runner_is_told_apart_from_a_job_that_ended(bench: Bench) -> None:
    bench.payload("time.sleep(300)")
    bench.launcher.submit(bench.spec("r1"), "{}")
    status = bench.job("r1") / "status.json"
    wait_until(lambda: json.loads(status.read_text())["state"] == "running")
    facts = json.loads(status.read_text())
    os.kill(facts["runner_pid"], signal.SIGKILL)
    _, end, _ = bench.follow("r1")
    assert end.why is Ending.RUNNER_KILLED
    os.kill(facts["pid"], signal.SIGKILL)


def test_two_jobs_for_one_device_take_turns_and_the_second_says_for_whom_it_waits(
    bench: Bench,
) -> None:
    bench.payload("print('began', time.time()); time.sleep(3); print('ended', time.time())")
    bench.launcher.submit(bench.spec("first"), "{}")
    bench.launcher.submit(bench.spec("second"), "{}")
    second, _, beats = bench.follow("second")
    first, _, _ = bench.follow("first")
    assert float(second.split()[1]) > float(first.split()[3])
    assert "first" in {beat.waiting_for for beat in beats}


def test_a_waiting_job_can_be_cancelled(bench: Bench) -> None:
    bench.payload("time.sleep(3)")
    bench.launcher.submit(bench.spec("first"), "{}")
    bench.launcher.submit(bench.spec("second"), "{}")
    assert bench.launcher.cancel("second").why is Ending.CANCELLED
    bench.launcher.cancel("first")


def test_the_jobs_environment_is_passed_as_it_is_and_the_shell_never_sees_it(bench: Bench) -> None:
    value = "a b'c\"d$(e)\n`f` ; g ü"
    log, _ = bench.run("r1", "sys.stdout.buffer.write(os.environb[b'ODD'])", env=(("ODD", value),))
    assert log.decode() == value


def test_an_interpreter_that_is_not_there_is_how_the_job_ended(bench: Bench) -> None:
    _, end = bench.run("r1", "", python="/no/such/python")
    assert end.why is Ending.SPAWN
    assert "/no/such/python" in end.message


def test_a_pull_brings_result_log_and_artifacts_verified(bench: Bench, tmp_path: Path) -> None:
    make = (
        "a = os.path.join(os.path.dirname(sys.argv[2]), 'artifacts', 'deep')\n"
        "os.makedirs(a); open(os.path.join(a, 'x.bin'), 'wb').write(bytes(range(256)) * 4096)\n"
    )
    bench.run("r1", WRITE_RESULT + make + "print('done')")
    here = tmp_path / "run"
    bench.launcher.pull("r1", here, Silence())
    names = sorted(str(p.relative_to(here)) for p in here.rglob("*") if p.is_file())
    assert names == ["artifacts/deep/x.bin", "log.txt", "result.json"]
    assert (here / "artifacts/deep/x.bin").read_bytes() == bytes(range(256)) * 4096


def test_a_pull_resumes_a_partial_file_and_throws_a_damaged_one_away(
    bench: Bench, tmp_path: Path
) -> None:
    bench.run("r1", "open(sys.argv[2], 'w').write('0123456789' * 100)")
    here = tmp_path / "run"
    here.mkdir()
    (here / "result.json.partial").write_text("0123456789" * 30)
    bench.launcher.pull("r1", here, Silence())
    assert (here / "result.json").read_text() == "0123456789" * 100
    (here / "result.json").unlink()
    (here / "result.json.partial").write_text("damaged!!!" * 30)
    with pytest.raises(LinkLost, match="damaged"):
        bench.launcher.pull("r1", here, Silence())
    assert not (here / "result.json").exists()
    bench.launcher.pull("r1", here, Silence())
    assert (here / "result.json").read_text() == "0123456789" * 100


def test_links_among_the_artifacts_do_not_travel(bench: Bench, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("do not read")
    bench.run(
        "r1",
        "a = os.path.join(os.path.dirname(sys.argv[2]), 'artifacts'); os.mkdir(a)\n"
        f"os.symlink({str(secret)!r}, os.path.join(a, 'link'))\n",
    )
    bench.launcher.pull("r1", tmp_path / "run", Silence())
    assert not (tmp_path / "run" / "artifacts").exists()


def test_a_run_the_host_does_not_know_is_said_so(bench: Bench) -> None:
    bench.run("r1", "")
    with pytest.raises(RunError, match="knows no run"):
        bench.follow("r2")


def test_a_workspace_that_cannot_be_written_is_an_unfit_host(bench: Bench) -> None:
    bench.root.parent.mkdir(exist_ok=True)
    bench.payload("")
    bench.root.rename(bench.root.with_name("moved"))
    bench.root.write_text("a file where the workspace should be")
    with pytest.raises(HostUnfit):
        bench.launcher.submit(bench.spec("r1"), "{}")
    bench.root.unlink()


def test_the_host_lists_its_jobs_and_how_they_ended(bench: Bench) -> None:
    bench.run("r1", "")
    bench.run("r2", "sys.exit(1)")
    assert [
        (job.run_id, job.end and job.end.exit_status) for job in bench.launcher.list_jobs()
    ] == [
        ("r1", 0),
        ("r2", 1),
    ]


def test_a_run_of_the_same_name_from_another_laptop_is_not_taken_for_ours(bench: Bench) -> None:
    log, _ = bench.run("r1", "print('mine')")
    other = DetachedLauncher(LocalTransport(bench.launcher.host))
    with pytest.raises(RunTaken, match="already has another run 'r1'"):
        other.submit(bench.spec("r1"), "{}")
    assert (log, bench.follow("r1")[0]) == (b"mine\n", b"mine\n")


def test_jobs_of_the_same_name_in_two_workspaces_do_not_end_each_other(
    bench: Bench, tmp_path: Path
) -> None:
    host = replace(bench.launcher.host, workspace=str(tmp_path / "other"))
    other = Bench(tmp_path / "other", DetachedLauncher(LocalTransport(host)))
    for each in (bench, other):
        each.payload("print('line', flush=True); time.sleep(2)")
        each.launcher.submit(each.spec("r1"), "{}")
    assert bench.launcher.cancel("r1").why is Ending.CANCELLED
    _, end, _ = other.follow("r1")
    assert (end.why, end.exit_status) == (Ending.EXIT, 0)


def test_a_job_whose_submit_broke_off_before_its_runner_started_is_started_by_the_next(
    bench: Bench,
) -> None:
    """As a killed agent leaves it: the folder is whole, and nothing runs."""
    bench.payload("", runner="raise SystemExit('killed')\n")
    with pytest.raises(HostUnfit, match="could not start the job"):
        bench.launcher.submit(bench.spec("r1"), "{}")
    bench.payload("print('once')")
    bench.launcher.submit(bench.spec("r1"), "{}")
    log, end, _ = bench.follow("r1")
    assert (log, end.exit_status) == (b"once\n", 0)


def test_a_second_runner_for_a_job_leaves_it_alone(bench: Bench) -> None:
    bench.payload("print('line', flush=True); time.sleep(1)")
    bench.launcher.submit(bench.spec("r1"), "{}")
    code = bench.snapshot
    runner = code / "remote_payload" / "runner.py"
    words = [sys.executable, "-IS", str(runner), str(bench.job("r1")), str(code), str(bench.root)]
    subprocess.run(words, check=True)
    log, end, _ = bench.follow("r1")
    subprocess.run(words, check=True)
    assert (log, end.exit_status) == (b"line\n", 0)


def test_a_job_that_never_came_up_is_told_after_a_while_and_not_at_once(
    bench: Bench, in_a_hurry: float
) -> None:
    bench.payload("")
    bench.job("r1").mkdir(parents=True)
    began = time.monotonic()
    _, end, beats = bench.follow("r1")
    assert end.why is Ending.NEVER_STARTED
    assert time.monotonic() - began > in_a_hurry
    assert beats


def test_a_pythonpath_of_the_inventory_stays_behind_ours(bench: Bench, tmp_path: Path) -> None:
    (tmp_path / "only_there.py").write_text("x = 'found'")
    text = "import only_there; print(only_there.x, os.environ['PYTHONPATH'])"
    log, end = bench.run("r1", text, env=(("PYTHONPATH", f"{tmp_path}:/another"),))
    code = bench.snapshot
    assert log.decode() == f"found {code}:{tmp_path}:/another\n"
    assert end.exit_status == 0
