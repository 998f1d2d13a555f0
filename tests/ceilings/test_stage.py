"""The ceilings stage of the payload: a real subprocess, on the CPU."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from remote_payload.contract import codec
from remote_payload.contract.dtypes import DType
from remote_payload.contract.machine import GpuState
from remote_payload.contract.plans import CeilingsPlan
from remote_payload.contract.records import CeilingRecord
from remote_payload.contract.words import Stage, Status
from remote_payload.operators.attention.definition import attention_case
from remote_payload.operators.copy.definition import OPERATOR as COPY
from remote_payload.operators.gemm.definition import square
from remote_payload.operators.setting import Setting
from remote_payload.processes.isolate import Deadline, OutOfTime, Pipe
from remote_payload.run import intake
from remote_payload.stages.ceilings import ceilings
from remote_payload.stages.ceilings.ceilings import Task
from tests.payload.running import ROOT, Finished, a_request, run_payload

QUICK = CeilingsPlan(budget_s=0.5, gemm_size=192, required=True)
TASK = Task(Setting("cpu", str(ROOT), 42), 64, 0.1)


def run(folder: Path, plan: CeilingsPlan = QUICK, **changes: object) -> Finished:
    asked: dict[str, object] = {"stages": (Stage.CEILINGS,), "cases": (), "ceilings": plan}
    return run_payload(a_request(**{**asked, **changes}), folder)


def by_name(finished: Finished) -> dict[str, CeilingRecord]:
    return {record.name: record for record in finished.result.ceilings}


def test_a_cpu_gives_a_copy_and_one_gemm_and_says_what_only_a_gpu_has(tmp_path: Path) -> None:
    finished = run(tmp_path)
    assert finished.exit_status == 0, finished.log
    assert finished.stage(Stage.CEILINGS).status is Status.OK
    found = by_name(finished)
    copy, gemm = found.pop("copy"), found.pop("gemm-fp32")
    assert copy.work_per_call == 2 * (256 << 20)
    assert "256 MiB within the CPU's memory" in copy.what
    assert gemm.work_per_call == 2 * 192**3
    assert "the CPU's BLAS" in gemm.what
    assert copy.case == COPY.case({"N": 64 << 20}, DType.FP32)
    assert gemm.case == square(192, DType.FP32)
    for record in (copy, gemm):
        assert record.status is Status.OK
        assert record.provider == "torch"
        assert 6 <= len(record.samples_us) <= 20
        assert record.calls >= 1
        assert min(record.samples_us) > 0
    assert sorted(found) == ["exp", "gemm-bf16", "gemm-fp16", "gemm-fp8"]
    for record in found.values():
        assert (record.status, record.reason) == (Status.SKIPPED, ceilings.NO_GPU)
        assert record.samples_us == ()
    assert {one.stage for one in finished.progress} == {Stage.CEILINGS}


def test_ceilings_beside_attention_run_after_bench_and_cost_it_nothing(tmp_path: Path) -> None:
    stages = (Stage.CEILINGS, Stage.CHECK)
    case = attention_case(1, 1, 32, 16, a_request().cases[0].dtype)
    finished = run(tmp_path, replace(QUICK, required=False), stages=stages, cases=(case,))
    assert finished.exit_status == 0, finished.log
    assert [one.stage for one in finished.result.stages] == [Stage.CHECK, Stage.CEILINGS]


@pytest.mark.parametrize("key", ["budget_s", "gemm_size", "cutlass_limit_s"])
def test_a_plan_that_makes_no_sense_is_refused_by_its_key(tmp_path: Path, key: str) -> None:
    document = codec.encode(a_request(stages=(Stage.CEILINGS,), cases=(), ceilings=QUICK))
    document["ceilings"][key] = 0
    (tmp_path / "request.json").write_text(json.dumps(document))
    with pytest.raises(codec.CodecError, match=rf"ceilings\.{key}: expected more than 0"):
        intake.read(tmp_path / "request.json")


def crash_on_copy(pipe: Pipe, task: Task) -> None:
    name = pipe.recv()
    blank = CeilingRecord(name, Status.FAILED, samples_us=(1.0, 2.0), calls=1, unit="byte")
    if name == "copy":
        pipe.send((blank, False))
        os.abort()
    pipe.send((replace(blank, status=Status.OK, work_per_call=8.0), True))
    pipe.recv()


def hang(pipe: Pipe, task: Task) -> None:
    pipe.recv()
    time.sleep(300)


def test_a_crash_takes_one_ceiling_and_keeps_its_samples_and_the_others() -> None:
    seen: list[int] = []
    copy, gemm = ceilings.run(
        TASK,
        Deadline(60),
        lambda _: None,
        lambda so_far: seen.append(len(so_far)),
        crash_on_copy,
    )
    assert (copy.status, gemm.status) == (Status.FAILED, Status.OK)
    assert copy.reason == "crashed: the process was killed by SIGABRT"
    assert copy.samples_us == (1.0, 2.0)
    assert seen == [1, 2]


def test_a_hang_ends_with_the_time_of_the_run_and_is_recorded() -> None:
    kept: list[CeilingRecord] = []
    began = time.monotonic()
    with pytest.raises(OutOfTime):
        ceilings.run(TASK, Deadline(2.0), lambda _: None, lambda so_far: kept.extend(so_far), hang)
    assert time.monotonic() - began < 30
    assert [(one.name, one.status) for one in kept] == [("copy", Status.TIMEOUT)]
    assert "its process was killed" in kept[0].reason


def answer(pipe: Pipe, task: Task) -> None:
    while True:
        name = pipe.recv()
        pipe.send((CeilingRecord(name, Status.OK, samples_us=(1.0,), work_per_call=1.0), True))


def test_the_state_of_the_gpu_before_and_after_each_ceiling_is_kept() -> None:
    clocks = iter(range(100, 900, 100))
    pids: list[tuple[int, ...]] = []

    def probe(ours: Sequence[int]) -> GpuState:
        pids.append(tuple(ours))
        return GpuState(sm_clock_mhz=float(next(clocks)))

    records = ceilings.run(TASK, Deadline(60), probe, lambda _: None, answer)
    states = [(one.before, one.after) for one in records]
    assert states == [
        (GpuState(sm_clock_mhz=100), GpuState(sm_clock_mhz=200)),
        (GpuState(sm_clock_mhz=300), GpuState(sm_clock_mhz=400)),
    ]
    assert () not in pids
    assert (os.getpid(),) not in pids
