"""Turn after turn in one process: each is what an ordinary job would be, only sooner."""

from __future__ import annotations

import re
import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest

from orchestrator.launch import warm as near
from orchestrator.launch.detached import DetachedLauncher
from orchestrator.launch.warm import Turn, Warm
from orchestrator.transport.local import LocalTransport
from orchestrator.values.job import Ending, JobSpec
from remote_payload.contract import codec
from remote_payload.contract.case import Case
from remote_payload.contract.dtypes import DType
from remote_payload.contract.plans import CheckPlan
from remote_payload.contract.request import Provider
from remote_payload.contract.result import Result
from remote_payload.contract.words import Stage, Status
from remote_payload.machine.device_lock import DeviceLock
from tests.processes import at_work_in, needs_proc, pids_in
from tests.ssh.server import LOCKS
from tests.warm.conftest import BROKEN, HANGS, OPERATOR, RIGHT, WRONG, Ear, Project

PRINTS = "def mine(x):\n    while True: print('x' * 1000)\n"
WHO = "import os, torch\nprint('who', os.getpid())\ndef mine(x): return torch.softmax(x, -1)\n"
HUNG, ASKED = re.compile(rb"it hangs as (\d+)\n"), re.compile(rb"who (\d+)\n")
LEAVES = (
    "import subprocess, torch\n"
    "subprocess.Popen(['sleep', '4321'], start_new_session=True)\n"
    "def mine(x): return torch.softmax(x, -1)\n"
)


def of_mine(turn: Turn) -> tuple[Status, str]:
    (check,) = [one for one in turn.result.checks if one.provider == "mine"]
    return check.status, check.reason


def test_that_ten_turns_are_each_judged_by_what_was_saved_last(
    project: Project, transport: LocalTransport, warm: Warm
) -> None:
    saved = [RIGHT, WRONG, BROKEN, RIGHT, BROKEN, WRONG, WRONG, RIGHT, RIGHT, RIGHT]
    for number, text in enumerate(saved):
        turn = project.turn(warm, transport, f"{text}# {number}\n")
        status, reason = of_mine(turn)
        assert turn.restarted is (number == 0)
        assert turn.end.why is Ending.EXIT
        if text is RIGHT:
            assert (status, turn.end.exit_status) == (Status.OK, 0)
            assert {one.provider for one in turn.result.bench} == {"mine", "reference"}
            assert min(turn.check_s, turn.bench_s, turn.other_s) > 0
        else:
            assert (status, turn.end.exit_status) == (Status.FAILED, 1)
            assert ("SyntaxError" if text is BROKEN else "outside the tolerance") in reason
            assert {one.provider for one in turn.result.bench} == {"reference"}
    (folder,) = project.folders()
    assert {one.name for one in folder.iterdir()} == {"code", "lock", "snapshot"}


def test_that_an_operator_that_was_edited_judges_anew(
    project: Project, transport: LocalTransport, warm: Warm
) -> None:
    for operator, expected in (
        (OPERATOR, Status.OK),
        (OPERATOR.replace("(x, -1)", "(x, -1) * 2"), Status.FAILED),
        (OPERATOR, Status.OK),
        (OPERATOR.replace("(x, -1)", "(x, 0)"), Status.FAILED),
    ):
        snapshot = project.deployed(transport, operator=operator)
        turn = warm.turn(snapshot, project.request(snapshot, stages=(Stage.CHECK,)))
        assert of_mine(turn)[0] is expected
        assert not turn.restarted or operator is OPERATOR


def test_that_inputs_of_an_operator_of_ours_are_drawn_once_for_all_turns_of_a_case(
    project: Project, transport: LocalTransport, warm: Warm
) -> None:
    def drawn(columns: int, mine: str) -> tuple[Status, dict[str, int]]:
        snapshot = project.deployed(transport, mine)
        case = Case("softmax", (("M", 4), ("N", columns)), DType.FP32)
        request = project.request(
            snapshot,
            stages=(Stage.CHECK,),
            operator="softmax",
            operator_target="",
            cases=(case,),
            providers=(Provider("mine", target="mine.py:mine"),),
        )
        turn = warm.turn(snapshot, request)
        (folder,) = project.folders()
        files = {one.name: one.stat().st_mtime_ns for one in (folder / "drawn").iterdir()}
        return of_mine(turn)[0], files

    status, first = drawn(32, RIGHT)
    assert (status, len(first)) == (Status.OK, 2)  # those of the first call, and of the second
    assert drawn(32, WRONG) == (Status.FAILED, first)
    assert not first.keys() & drawn(64, RIGHT)[1].keys()


def test_that_a_turn_finds_what_an_ordinary_job_finds(
    project: Project, transport: LocalTransport, warm: Warm, tmp_path: Path
) -> None:
    snapshot = project.deployed(transport)
    request = project.request(snapshot)
    turn = warm.turn(snapshot, request)
    launcher = DetachedLauncher(transport)
    env = transport.host.job_environment
    spec = JobSpec(request.run_id, snapshot, transport.host.python, env, 60.0)
    launcher.submit(spec, codec.dumps(request))
    log = bytearray()
    end = launcher.follow(request.run_id, 0, log.extend, lambda beat: None)
    job = codec.loads(
        Result, (project.workspace / "jobs" / request.run_id / "result.json").read_text()
    )
    assert (turn.end.why, turn.end.exit_status) == (end.why, end.exit_status)
    assert turn.result.checks == job.checks
    for field in ("request", "status", "reason", "operator", "cases", "schema", "cuts"):
        assert getattr(turn.result, field) == getattr(job, field), field
    assert [replace(one, seconds=0.0) for one in turn.result.stages] == [
        replace(one, seconds=0.0) for one in job.stages
    ]
    assert [(one.provider, one.method, one.status, len(one.samples_us)) for one in job.bench] == [
        (one.provider, one.method, one.status, len(one.samples_us)) for one in turn.result.bench
    ]
    assert replace(turn.result.machine, before=None) == replace(job.machine, before=None)  # type: ignore[type-var]
    assert turn.log.count(b"\n") == log.count(b"\n")


@needs_proc
def test_that_a_provider_that_hangs_costs_its_limit_and_no_more(
    project: Project, transport: LocalTransport, warm: Warm
) -> None:
    snapshot = project.deployed(transport, HANGS)
    request = project.request(snapshot, check=CheckPlan(case_limit_s=0.5))
    assert of_mine(warm.turn(snapshot, request))[0] is Status.TIMEOUT
    assert of_mine(project.turn(warm, transport))[0] is Status.OK


@needs_proc
def test_that_a_turn_is_cancelled_at_once_and_the_next_is_warm(
    project: Project, transport: LocalTransport, warm: Warm
) -> None:
    told: list[float] = []

    class Cancelling(Ear):
        def take(self, data: bytes) -> None:
            super().take(data)
            if HUNG.search(self.log) and not told:
                told.append(time.monotonic())
                threading.Thread(target=warm.cancel).start()

    ear = Cancelling()
    turn = project.turn(warm, transport, HANGS, ear)
    assert time.monotonic() - told[0] < 2.0
    assert (turn.end.why, turn.result.status) == (Ending.CANCELLED, Status.CANCELLED)
    (hung,) = HUNG.findall(ear.log)
    assert not Path("/proc", hung.decode()).exists()
    turn = project.turn(warm, transport)
    assert (of_mine(turn)[0], turn.restarted) == (Status.OK, False)


def test_that_a_turn_waits_for_the_device_and_says_for_whom(
    project: Project, transport: LocalTransport, warm: Warm, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(LOCKS, str(project.root))
    lock = DeviceLock(project.workspace, ())
    assert lock.try_take("20261130-080000-here-other") is None

    class Leaving(Ear):
        def beat(self, beat: object) -> None:
            super().beat(beat)  # type: ignore[arg-type]
            lock.release()

    ear = Leaving()
    turn = project.turn(warm, transport, RIGHT, ear)
    assert ear.beats[0].state == "queued"
    assert ear.beats[0].waiting_for == "20261130-080000-here-other of another workspace"
    assert of_mine(turn)[0] is Status.OK
    assert turn.waited_s > 0
    assert lock.try_take("20261130-080000-here-other") is None  # held during a turn only
    lock.release()


def test_that_a_turn_may_be_cancelled_while_it_waits(
    project: Project, transport: LocalTransport, warm: Warm, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(LOCKS, str(project.root))
    lock = DeviceLock(project.workspace, ())
    assert lock.try_take("other") is None

    class Cancelling(Ear):
        def beat(self, beat: object) -> None:
            threading.Thread(target=warm.cancel).start()

    try:
        turn = project.turn(warm, transport, RIGHT, Cancelling())
    finally:
        lock.release()
    assert (turn.end.why, turn.result.status) == (Ending.CANCELLED, Status.CANCELLED)
    assert turn.log == b""


def test_that_a_turn_that_prints_without_end_is_stopped(
    project: Project, transport: LocalTransport, warm: Warm, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(near, "OUTPUT_LIMIT_BYTES", 100_000)
    turn = project.turn(warm, transport, PRINTS)
    assert turn.end.why is Ending.OUTPUT_LIMIT
    assert len(turn.log) == 100_000
    assert turn.result.status is Status.CANCELLED


@needs_proc
def test_that_processes_of_a_turn_are_there_before_anybody_asks_for_it_and_serve_once(
    project: Project, transport: LocalTransport, warm: Warm
) -> None:
    project.turn(warm, transport)
    ready = in_reserve(project)
    turn = project.turn(warm, transport, WHO)
    asked = {int(one) for one in ASKED.findall(turn.log)}
    assert of_mine(turn)[0] is Status.OK
    assert len(asked) == 3  # one for the check, one for each start
    assert asked <= ready
    assert not asked & in_reserve(project)


def in_reserve(project: Project) -> set[int]:
    """Once there are as many as a turn takes: a check by two processes for each of two providers,
    and for the race a judge and two starts of three."""
    until = time.monotonic() + 20.0
    while len(found := pids_in(project.workspace)) < 4 + 11 and time.monotonic() < until:
        time.sleep(0.02)
    return found


@needs_proc
def test_that_what_a_provider_leaves_behind_ends_with_its_turn(
    project: Project, transport: LocalTransport, warm: Warm
) -> None:
    turn = project.turn(warm, transport, LEAVES)
    assert of_mine(turn)[0] is Status.OK
    assert not [one for one in at_work_in(project.workspace) if "4321" in one]


def test_that_other_code_of_ours_is_served_by_another_process(
    project: Project, transport: LocalTransport, warm: Warm
) -> None:
    stays = project.turn(warm, transport)
    said = project.root / "remote_payload" / "processes" / "announce.py"
    text = said.read_text()
    said.write_text(
        text.replace("print(hidden(line), flush=True)", "print('new:', line, flush=True)")
    )
    try:
        turn = project.turn(warm, transport)
    finally:
        said.write_text(text)
    assert (turn.restarted, of_mine(turn)[0]) == (True, Status.OK)
    assert b"new: check: ok" in turn.log
    assert b"new: check" not in stays.log
