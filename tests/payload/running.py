"""The payload as it really runs: a subprocess with a request file, on the CPU."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from remote_payload.contract import codec
from remote_payload.contract.case import Case
from remote_payload.contract.dtypes import DType
from remote_payload.contract.plans import BenchPlan, CheckPlan
from remote_payload.contract.records import BenchRecord, CheckRecord
from remote_payload.contract.request import Progress, Provider, Request
from remote_payload.contract.result import Result, StageReport
from remote_payload.contract.words import PROGRESS_MARK, Device, Stage
from remote_payload.operators.attention.definition import attention_case
from tests.processes import with_in_environment

ROOT = Path(__file__).resolve().parents[2]
MARK = "BSK_TEST_MARK"
FIXTURES = "tests/fixtures/providers"
TINY = attention_case(batch=1, heads=2, seq=96, dim=16, dtype=DType.FP16)
TINY_CAUSAL = attention_case(batch=1, heads=2, seq=96, dim=16, dtype=DType.FP16, causal=True)
# Its rounds are taken whole also where the machine is busy.
QUICK_BENCH = BenchPlan(warmup=1, calls=3, rounds=3, budget_s=200.0, starts=(2,))


@dataclass(frozen=True)
class Finished:
    """What a payload left: exit status, result, everything printed, and its progress lines."""

    exit_status: int
    result: Result
    log: str

    @property
    def progress(self) -> list[Progress]:
        lines = [line for line in self.log.splitlines() if line.startswith(PROGRESS_MARK)]
        return [codec.loads(Progress, line[len(PROGRESS_MARK) :]) for line in lines]

    def check(self, provider: str, case: Case = TINY) -> CheckRecord:
        (found,) = [r for r in self.result.checks if r.provider == provider and r.case == case]
        return found

    def bench(self, provider: str, case: Case = TINY) -> list[BenchRecord]:
        return [r for r in self.result.bench if r.provider == provider and r.case == case]

    def stage(self, stage: Stage) -> StageReport:
        (found,) = [report for report in self.result.stages if report.stage is stage]
        return found


def misbehaving(function: str) -> Provider:
    return Provider(function, target=f"{FIXTURES}/misbehaving.py:{function}")


def a_request(*providers: Provider, **changes: object) -> Request:
    """A small request for the CPU; `changes` replace its fields."""
    request = Request(
        run_id="20261122-101530-local-check",
        snapshot="0" * 64,
        stages=(Stage.CHECK, Stage.BENCH),
        cases=(TINY,),
        providers=providers or (Provider("sdpa"),),
        device=Device.CPU,
        check=CheckPlan(case_limit_s=60.0),
        bench=QUICK_BENCH,
    )
    return replace(request, **changes)  # type: ignore[arg-type]


def command(folder: Path, python: tuple[str, ...] = (sys.executable,)) -> list[str]:
    paths = [str(folder / "request.json"), str(folder / "result.json")]
    return [*python, "-m", "remote_payload", *paths, "--builds", str(folder / "builds")]


def environment(folder: Path, gpu: bool = False) -> dict[str, str]:
    """A payload's environment; its mark tells every process it starts, see `gone_within`.

    gpu: whether the payload may see one.
    """
    hidden = {} if gpu else {"CUDA_VISIBLE_DEVICES": ""}
    return {**os.environ, "PYTHONDONTWRITEBYTECODE": "1", **hidden, MARK: str(folder)}


def gone_within(limit_s: float, folder: Path) -> bool:
    """Whether every process of the payload that ran in `folder` ends within limit_s seconds."""
    if not Path("/proc/self/environ").exists():
        pytest.skip("needs /proc to find processes by their environment")
    end = time.monotonic() + limit_s
    while with_in_environment(f"{MARK}={folder}"):
        if time.monotonic() > end:
            return False
        time.sleep(0.05)
    return True


def run_payload(
    request: Request,
    folder: Path,
    python: tuple[str, ...] = (sys.executable,),
    root: Path = ROOT,
    path: str | None = None,
    gpu: bool = False,
    limit_s: float = 100.0,
) -> Finished:
    """Run the payload to its end. root: the snapshot; path: PATH, if not the usual one."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "request.json").write_text(codec.dumps(request))
    env = {**environment(folder, gpu), **({} if path is None else {"PATH": path})}
    done = subprocess.run(
        command(folder, python),
        cwd=root,
        env=env,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=limit_s,
        check=False,
    )
    return Finished(done.returncode, read_result(folder), done.stdout)


def read_result(folder: Path) -> Result:
    """The result file, refused if it is not strict JSON of the schema."""
    text = (folder / "result.json").read_text()
    json.loads(text, parse_constant=_refuse)
    return codec.loads(Result, text)


def _refuse(name: str) -> None:
    raise AssertionError(f"{name} in a result file")
