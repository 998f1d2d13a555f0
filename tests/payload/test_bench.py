"""Timing: who is timed when, what happens to those who fail meanwhile, and what survives."""

from __future__ import annotations

import signal
import subprocess
import time
from dataclasses import replace
from pathlib import Path
from typing import IO

import pytest

from remote_payload.contract import codec
from remote_payload.contract.plans import BenchPlan, CheckPlan
from remote_payload.contract.request import Provider, Request
from remote_payload.contract.result import Result
from remote_payload.contract.words import Method, Stage, Status
from remote_payload.stages.bench.schedule import COLD_SAMPLES
from tests.payload.running import (
    QUICK_BENCH,
    ROOT,
    TINY,
    TINY_CAUSAL,
    Finished,
    a_request,
    command,
    environment,
    gone_within,
    misbehaving,
    read_result,
    run_payload,
)
from tests.processes import needs_proc

pytest.importorskip("torch")

LATE = ("raises_when_timed", "exits_when_timed", "hangs_when_timed", "cheats_when_timed")


@pytest.fixture(scope="module")
def race(tmp_path_factory: pytest.TempPathFactory) -> Finished:
    request = a_request(
        Provider("sdpa"),
        *map(misbehaving, LATE),
        cases=(TINY, TINY_CAUSAL),
        check=CheckPlan(case_limit_s=3.0),
        bench=replace(QUICK_BENCH, methods=(Method.BACK_TO_BACK,)),
    )
    return run_payload(request, tmp_path_factory.mktemp("race"))


def test_a_fault_while_being_timed_fails_the_run(race: Finished) -> None:
    assert race.stage(Stage.CHECK).status is Status.OK, race.log
    assert (race.exit_status, race.result.status) == (1, Status.FAILED)
    assert race.stage(Stage.BENCH).reason in race.result.reason


def test_those_without_fault_are_timed_to_the_end_on_every_shape(race: Finished) -> None:
    for case in (TINY, TINY_CAUSAL):
        records = race.bench("sdpa", case)
        assert [(r.status, r.control) for r in records] == [
            (Status.OK, False),
            (Status.OK, True),
        ]
        assert {len(record.samples_us) for record in records} == {6}


@pytest.mark.parametrize(
    ("function", "status", "reason"),
    [
        ("raises_when_timed", Status.FAILED, "raised RuntimeError: out of workspace"),
        ("exits_when_timed", Status.FAILED, "crashed while being timed: "),
        ("hangs_when_timed", Status.TIMEOUT, "hung for 3 s while being timed"),
        ("cheats_when_timed", Status.FAILED, "the output of its last timed call is wrong: "),
    ],
)
def test_who_fails_while_being_timed_is_named_with_what_it_did(
    race: Finished, function: str, status: Status, reason: str
) -> None:
    (record,) = race.bench(function)
    assert (record.status, record.reason[: len(reason)]) == (status, reason)


@pytest.mark.parametrize("function", ["exits_when_timed", "hangs_when_timed"])
def test_who_ended_the_bench_process_is_not_let_in_again(race: Finished, function: str) -> None:
    (record,) = race.bench(function, TINY_CAUSAL)
    assert record.status is Status.FAILED
    assert record.reason.startswith("not timed: ")
    assert TINY.label in record.reason


def test_who_changes_the_inputs_while_timed_is_named_and_the_next_one_gets_them_whole(
    tmp_path: Path,
) -> None:
    poisons, asked = misbehaving("poisons_when_timed"), (TINY, TINY_CAUSAL)
    unhurried = replace(QUICK_BENCH, budget_s=120.0)  # no round is left out on a busy machine
    done = run_payload(
        a_request(poisons, Provider("sdpa"), cases=asked, bench=unhurried), tmp_path / "job"
    )
    assert done.check("poisons_when_timed").status is Status.OK, done.log
    for case in (TINY, TINY_CAUSAL):
        theirs, rows = done.bench("poisons_when_timed", case), done.bench("sdpa", case)
        assert {(r.status, r.reason) for r in theirs} == {
            (Status.FAILED, "changed its input k while being timed")
        }
        assert {r.method for r in theirs} == {Method.BACK_TO_BACK, Method.COLD}
        assert {(r.status, len(r.outside_us)) for r in rows} == {(Status.OK, 6)}
    assert done.result.reason.startswith("bench: poisons_when_timed on ")


@needs_proc
def test_on_a_cpu_nobody_else_is_awake_while_a_provider_is_called_not_even_the_judge(
    tmp_path: Path,
) -> None:
    mine, folder = misbehaving("writes_down_who_is_awake"), tmp_path / "job"
    done = run_payload(a_request(mine, Provider("sdpa")), folder)
    assert {one.status for one in done.bench(mine.name)} == {Status.OK}
    assert {*(folder / "calls.txt").read_text().split()} == {"called"}


def started(request: Request, folder: Path) -> tuple[subprocess.Popen[str], IO[str]]:
    """A payload that has just begun, and what it prints."""
    (folder / "request.json").write_text(codec.dumps(request))
    process = subprocess.Popen(
        command(folder), cwd=ROOT, env=environment(folder), stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    return process, process.stdout


def test_a_terminated_run_keeps_the_samples_it_had(tmp_path: Path) -> None:
    request = a_request(
        Provider("sdpa"),
        misbehaving("slow"),
        bench=BenchPlan(methods=(Method.COLD,), rounds=10, budget_s=600.0, starts=(40,)),
    )
    process, printed = started(request, tmp_path)
    for line in printed:
        if '"stage": "bench"' in line and "start 2 of 40, round 4 of 10" in line:
            break
    process.send_signal(signal.SIGTERM)
    rest = printed.read()
    printed.close()
    assert process.wait(timeout=10) == 1, rest
    result = read_result(tmp_path)
    assert (result.status, result.reason) == (Status.CANCELLED, "interrupted by SIGTERM")
    assert result.stages[-1].status is Status.CANCELLED
    _samples_survive(result)


def _samples_survive(result: Result) -> None:
    assert {record.provider for record in result.bench} == {"sdpa", "slow"}
    for record in result.bench:
        assert record.status is Status.CANCELLED
        assert 30 <= len(record.samples_us) < 1200
        assert sum(record.starts) == len(record.samples_us)
        assert record.starts[0] == 10 * COLD_SAMPLES["cpu"]
        assert f"{len(record.samples_us)} samples had been taken" in record.reason


def test_what_a_start_took_is_on_disk_when_the_next_one_begins(tmp_path: Path) -> None:
    """A machine that is taken away sends no signal."""
    methods = (Method.BACK_TO_BACK, Method.COLD)
    plan = BenchPlan(methods, warmup=1, calls=2, rounds=2, starts=(3, 40), budget_s=600.0)
    request = a_request(Provider("sdpa"), misbehaving("slow"), bench=plan)
    process, printed = started(request, tmp_path)
    for line in printed:
        if '"stage": "bench"' in line and "cold start 2 of 3, round 2" in line:
            break
    process.kill()
    process.wait(timeout=10)
    printed.close()
    assert gone_within(10, tmp_path), "those as well who stand still, as it is not their turn"
    rows = read_result(tmp_path).bench
    assert {(row.provider, row.method) for row in rows} == {
        (name, method) for name in ("sdpa", "slow") for method in methods
    }
    for row in rows:
        taken = 2 if row.method is Method.BACK_TO_BACK else 2 * COLD_SAMPLES["cpu"]
        assert (row.status, len(row.samples_us), row.starts) == (Status.FAILED, taken, (taken,))
        assert row.reason == f"interrupted; {taken} samples had been taken"


def test_a_killed_payload_leaves_no_worker_behind_and_a_result_to_read(tmp_path: Path) -> None:
    request = a_request(misbehaving("hangs"))
    process, printed = started(request, tmp_path)
    for line in printed:
        if '"stage": "check"' in line:
            break
    time.sleep(0.5)
    process.kill()
    process.wait(timeout=10)
    printed.close()
    assert read_result(tmp_path).reason == "interrupted"
    assert gone_within(10, tmp_path)


def test_each_start_is_a_process_of_its_own_for_each_and_the_rounds_are_side_by_side(
    tmp_path: Path,
) -> None:
    plan = BenchPlan((Method.BACK_TO_BACK,), warmup=1, calls=2, rounds=3, budget_s=20, starts=(2,))
    request = a_request(misbehaving("writes_down_a"), misbehaving("writes_down_b"), bench=plan)
    done = run_payload(request, tmp_path)
    assert done.exit_status == 0, done.log
    calls = (tmp_path / "calls.txt").read_text().split()
    checked, timed = calls[:6], calls[6:]
    assert [call[0] for call in checked] == list("aaabbb")
    assert len({call[1:] for call in checked}) == 2, "each is checked in its own process"
    assert len({call[1:] for call in timed}) == 6, "two starts of two and a control"
    first = list(dict.fromkeys(call[1:] for call in timed))[:3]
    for of_first in (True, False):
        by = [call[1:] for call in timed if (call[1:] in first) is of_first]
        # To enter takes a call, and one by each method whose effort is still to be chosen.
        entered, raced = (by[:6], by[6:]) if of_first else (by[:3], by[3:])
        assert {entered.count(one) for one in by} == {len(entered) // 3}
        turns = [one for one, before in zip(raced, ["", *raced], strict=False) if one != before]
        assert 7 <= len(turns) <= 9, "three rounds; whoever ends one may begin the next"
        assert all(raced.count(one) >= 3 * (1 + 2) + 1 for one in set(by))
    assert [(r.warmup, r.calls, r.starts) for r in done.result.bench] == [(1, 2, (3, 3))] * 3
    assert {len(r.outside_us) for r in done.result.bench} == {6}
    assert {len(r.fresh_us) for r in done.result.bench} == {6}
