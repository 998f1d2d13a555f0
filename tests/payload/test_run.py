"""Whole runs of the payload on the CPU."""

from __future__ import annotations

import hashlib
import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from remote_payload.contract import codec
from remote_payload.contract.case import Case
from remote_payload.contract.plans import BenchPlan
from remote_payload.contract.request import Provider
from remote_payload.contract.result import Result
from remote_payload.contract.words import Device, Method, Stage, Status
from remote_payload.operators.attention.definition import attention_case
from remote_payload.stages.draft import Draft
from tests.payload.running import (
    ROOT,
    TINY,
    TINY_CAUSAL,
    Finished,
    a_request,
    command,
    environment,
    read_result,
    run_payload,
)

NEVER = attention_case(batch=16, heads=128, seq=8192, dim=128, dtype=TINY.dtype)


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Finished:
    pytest.importorskip("torch")
    names = ("sdpa", "sdpa-flash", "sdpa-math", "sparsek", "sdpa-cudnn")
    request = a_request(
        *map(Provider, names),
        cases=(NEVER,),
        cpu_cases=(TINY, TINY_CAUSAL),
        device=Device.AUTO,
    )
    return run_payload(request, tmp_path_factory.mktemp("good"))


def test_a_run_of_good_providers_ends_well(good: Finished) -> None:
    assert (good.result.status, good.exit_status) == (Status.OK, 0), good.log
    assert [s.status for s in good.result.stages] == [Status.OK, Status.OK]


@pytest.mark.parametrize("name", ["sdpa", "sdpa-flash", "sdpa-math"])
@pytest.mark.parametrize("case", [TINY, TINY_CAUSAL], ids=["dense", "causal"])
def test_torchs_own_backends_pass_the_check_with_their_error_measured(
    good: Finished, name: str, case: Case
) -> None:
    record = good.check(name, case)
    assert record.status is Status.OK
    assert record.deterministic is True
    assert record.error is not None
    assert record.error.elements == 2 * 96 * 16
    assert 0 < (record.error.max_abs or 0) < 2e-3
    assert len(record.output_digest or "") == 64


def test_each_sdpa_provider_names_the_one_backend_that_ran(good: Finished) -> None:
    assert good.check("sdpa-flash").implementation.endswith("SDPA, only FLASH_ATTENTION")
    assert good.check("sdpa-math").implementation.endswith("SDPA, only MATH")
    assert "own choice" in good.check("sdpa").implementation


def test_different_backends_leave_different_bytes(good: Finished) -> None:
    assert good.check("sdpa-flash").output_digest != good.check("sdpa-math").output_digest


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("sparsek", "sparsek has no compiled library: the build stage was not asked for"),
        ("sdpa-cudnn", "sdpa-cudnn needs a CUDA GPU; this run is on the CPU"),
    ],
)
def test_what_cannot_run_here_is_skipped_with_the_reason_and_never_replaced(
    good: Finished, name: str, why: str
) -> None:
    record = good.check(name)
    assert record.status is Status.SKIPPED
    assert record.reason == why
    assert record.output_digest is None
    assert good.bench(name) == []


def test_without_a_gpu_auto_takes_the_shapes_meant_for_the_cpu(good: Finished) -> None:
    assert {record.case for record in good.result.checks} == {TINY, TINY_CAUSAL}
    assert good.result.request.cases == (NEVER,)


def test_every_checked_provider_is_timed_by_every_method_with_a_control_pair(
    good: Finished,
) -> None:
    rows = [(r.provider, r.method, r.control) for r in good.result.bench if r.case == TINY]
    racers = ["sdpa", "sdpa-flash", "sdpa-math"]
    methods = (Method.BACK_TO_BACK, Method.COLD)
    assert sorted(rows, key=str) == sorted(
        [(name, method, False) for name in racers for method in methods]
        + [("sdpa", method, True) for method in methods],
        key=str,
    )
    for record in good.result.bench:
        assert record.status is Status.OK
        assert len(record.outside_us) == 6, "turns"
        assert all(sample > 0 for sample in record.samples_us)
        assert record.calls == 1 if record.method is Method.COLD else record.calls >= 1


def test_what_a_cpu_has_no_method_for_is_left_out_and_the_stage_says_so(good: Finished) -> None:
    assert Method.GRAPH in good.result.request.bench.methods
    assert good.stage(Stage.BENCH).reason == "without the method graph, which needs a CUDA GPU"


def test_a_cpu_asked_for_graphs_alone_is_unfit(tmp_path: Path) -> None:
    pytest.importorskip("torch")
    done = run_payload(a_request(bench=BenchPlan(methods=(Method.GRAPH,))), tmp_path)
    assert (done.exit_status, done.result.unfit, done.result.bench) == (4, True, ())
    assert done.stage(Stage.BENCH).reason == (
        "nothing to time by without the method graph, which needs a CUDA GPU"
    )
    assert not (tmp_path / "inputs").exists(), "a run takes its inputs away"


def test_progress_counts_up_to_its_total_in_every_stage(good: Finished) -> None:
    for stage in (Stage.CHECK, Stage.BENCH):
        begun, *steps = [p for p in good.progress if p.stage is stage]
        assert (begun.done, begun.total) == (0, 0), "it is told before anybody knows how much"
        assert [p.done for p in steps] == sorted(p.done for p in steps)
        assert steps[-1].done == steps[-1].total
        assert len({p.total for p in steps}) == 1


def test_the_log_has_a_line_for_people_on_every_case(good: Finished) -> None:
    assert f"check sdpa-flash {TINY.label}: ok, max abs " in good.log


def test_the_machine_is_described_without_naming_it(good: Finished) -> None:
    machine = good.result.machine
    assert machine is not None
    assert machine.torch
    assert machine.cpu_count >= 1
    assert machine.cpu
    host = socket.gethostname()
    assert machine.hostname_digest == hashlib.sha256(host.encode()).hexdigest()[:16]


def test_a_required_provider_that_cannot_run_makes_the_host_unfit(tmp_path: Path) -> None:
    pytest.importorskip("torch")
    providers = Provider("sdpa"), Provider("sparsek", required=True)
    done = run_payload(a_request(*providers), tmp_path)
    assert (done.exit_status, done.result.status, done.result.unfit) == (4, Status.FAILED, True)
    assert "sparsek has no compiled library" in done.result.reason
    assert done.check("sparsek").status is Status.FAILED
    assert done.check("sdpa").status is Status.OK
    assert {row.provider for row in done.result.bench} == {"sdpa"}


def test_a_gpu_that_was_asked_for_and_is_not_there_makes_the_host_unfit(tmp_path: Path) -> None:
    pytest.importorskip("torch")
    done = run_payload(a_request(device=Device.CUDA), tmp_path)
    assert (done.exit_status, done.result.unfit) == (4, True)
    assert done.result.reason.startswith("a CUDA GPU was asked for, but torch ")
    assert done.result.checks == ()


def test_an_interpreter_without_torch_is_unfit_and_told_how_to_get_it(tmp_path: Path) -> None:
    done = run_payload(a_request(), tmp_path, python=(sys.executable, "-S"))
    assert (done.exit_status, done.result.unfit) == (4, True)
    assert done.result.reason == (
        f"torch is not installed for {sys.executable}; "
        f"install it there: {sys.executable} -m pip install torch"
    )
    assert [s.status for s in done.result.stages] == [Status.SKIPPED, Status.SKIPPED]
    assert done.result.machine is not None


def test_bench_without_check_is_refused(tmp_path: Path) -> None:
    pytest.importorskip("torch")
    done = run_payload(a_request(stages=(Stage.BENCH,)), tmp_path)
    assert (done.exit_status, done.result.status) == (1, Status.FAILED)
    assert "no timing before a passed check" in done.result.reason
    assert done.result.bench == ()


NVCC = """#!/bin/sh
case "$1" in
  --version) echo 'Cuda compilation tools, release 12.4, V12.4.131' ;;
  *) echo 'csrc/attention/api.cu(3): error: identifier "x" is undefined'; exit 2 ;;
esac
"""


def test_a_kernel_that_does_not_compile_stops_the_run(tmp_path: Path) -> None:
    pytest.importorskip("torch")
    (tmp_path / "nvcc").write_text(NVCC)
    (tmp_path / "nvcc").chmod(0o755)
    stages = tuple(one for one in Stage if one is not Stage.PROVE)  # that one is tried always
    request = a_request(Provider("sdpa"), Provider("sparsek"), stages=stages)
    path = f"{tmp_path}{os.pathsep}{os.environ['PATH']}"
    done = run_payload(request, tmp_path / "job", path=path)
    assert (done.exit_status, done.result.status, done.result.unfit) == (1, Status.FAILED, False)
    assert 'identifier "x" is undefined' in done.result.reason
    ended = [report.status for report in done.result.stages]
    assert ended == [Status.FAILED, *[Status.SKIPPED] * (len(stages) - 1)]
    assert done.result.build is not None
    assert done.result.checks == ()
    assert done.result.machine is not None
    assert done.result.machine.nvcc == "12.4.131"


def test_a_run_without_our_kernel_goes_on_where_that_does_not_compile(tmp_path: Path) -> None:
    pytest.importorskip("torch")
    (tmp_path / "nvcc").write_text(NVCC)
    (tmp_path / "nvcc").chmod(0o755)
    stages = (Stage.BUILD, Stage.CHECK, Stage.BENCH, Stage.PROVE)
    path = f"{tmp_path}{os.pathsep}{os.environ['PATH']}"
    done = run_payload(a_request(Provider("sdpa"), stages=stages), tmp_path / "job", path=path)
    assert (done.exit_status, done.result.unfit) == (1, False)
    assert done.result.reason.startswith("build: ")
    assert {row.provider for row in done.result.bench} == {"sdpa"}
    reasons = {proof.name: proof.reason for proof in done.result.proofs}
    assert reasons["adversarial"] == "not tried, as sparsek was left out of this run"
    assert reasons["conformance"].startswith("no GPU in this run")


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("{", "not valid JSON"),
        ("{}", "run_id: missing"),
        ('{"schema": 999, "novelty": 1}', "schema: 999 is newer"),
        (codec.dumps(a_request(Provider("fastest"))), "providers[0].name: expected one of sdpa,"),
        (codec.dumps(a_request(Provider("sdpa"), Provider("sdpa"))), "'sdpa' is there twice"),
        (codec.dumps(a_request(cases=())), "cases: expected at least one"),
        (
            codec.dumps(a_request(cases=(TINY.at("H", 0),))),
            "cases[0].heads: ",
        ),
        (codec.dumps(a_request(stages=())), "stages: expected at least one"),
    ],
)
def test_a_request_that_makes_no_sense_is_refused_by_key(
    tmp_path: Path, text: str, complaint: str
) -> None:
    (tmp_path / "request.json").write_text(text)
    done = _start(tmp_path)
    assert done.returncode == 2
    assert complaint in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "result.json").exists()


def test_a_missing_request_is_refused_by_name(tmp_path: Path) -> None:
    done = _start(tmp_path)
    assert done.returncode == 2
    assert "request.json" in done.stderr


def test_an_error_of_our_own_still_leaves_a_result(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "remote_payload", tmp_path / "snapshot" / "remote_payload")
    broken = tmp_path / "snapshot" / "remote_payload" / "machine" / "machine.py"
    broken.write_text(broken.read_text() + "\n\ndef look():\n    raise ZeroDivisionError('no')\n")
    done = run_payload(a_request(), tmp_path / "job", root=tmp_path / "snapshot")
    assert done.exit_status == 5
    assert done.result.reason == "our own error, ZeroDivisionError: no"
    assert "Traceback" in done.log


def test_the_result_on_disk_says_interrupted_until_the_run_is_over(tmp_path: Path) -> None:
    draft = Draft(a_request(), tmp_path / "result.json")
    assert (read_result(tmp_path).status, read_result(tmp_path).reason) == (
        Status.FAILED,
        "interrupted",
    )
    draft.close(Status.OK, "")
    assert read_result(tmp_path).status is Status.OK
    assert isinstance(draft.result, Result)


def _start(folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command(folder),
        cwd=ROOT,
        env=environment(folder),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
