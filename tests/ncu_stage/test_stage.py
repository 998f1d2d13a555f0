"""The ncu stage of the payload: a subprocess, and a stand-in for ncu on its PATH."""

from __future__ import annotations

import os
import stat
import time
from dataclasses import replace
from pathlib import Path

import pytest

from orchestrator.ncu import flags
from remote_payload.contract import codec
from remote_payload.contract.plans import NcuPlan
from remote_payload.contract.records import CheckRecord, NcuRecord, NcuReport
from remote_payload.contract.request import Provider
from remote_payload.contract.result import Result
from remote_payload.contract.tools.ncu_command import range_name
from remote_payload.contract.words import Depth, Stage, Status
from remote_payload.operators.setting import Setting
from remote_payload.processes import bounded
from remote_payload.processes.isolate import Deadline
from remote_payload.stages.ncu import ncu
from tests.ncu_stage.stand_in import VERSION, Mood, install
from tests.payload.running import (
    MARK,
    ROOT,
    TINY,
    TINY_CAUSAL,
    Finished,
    a_request,
    gone_within,
    run_payload,
)

PLAN = replace(flags.plan(Depth.CHEAP), any_device=True, case_limit_s=30.0)
STAGES = (Stage.CHECK, Stage.NCU)


def path_with(folder: Path) -> str:
    return f"{folder}{os.pathsep}{os.environ['PATH']}"


def record_of(done: Finished, provider: str, causal: bool) -> NcuRecord:
    assert done.result.ncu is not None
    wanted = TINY_CAUSAL if causal else TINY
    (found,) = [r for r in done.result.ncu.records if (r.provider, r.case) == (provider, wanted)]
    return found


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> Finished:
    """One run in which a call goes well, and another has no kernels though ncu ends with 0."""
    pytest.importorskip("torch")
    folder = tmp_path_factory.mktemp("ncu")
    install(folder / "bin", Mood.FINE, {range_name("sdpa", TINY_CAUSAL): Mood.NO_KERNELS})
    request = a_request(
        Provider("sdpa"),
        Provider("sdpa-math"),
        stages=STAGES,
        cases=(TINY, TINY_CAUSAL),
        ncu=replace(PLAN, required=True, providers=("sdpa",)),
    )
    return run_payload(request, folder / "job", path=path_with(folder / "bin"))


def test_a_profiled_call_leaves_its_report_its_raw_page_and_all_that_was_printed(
    done: Finished,
) -> None:
    record = record_of(done, "sdpa", causal=False)
    assert (record.status, record.reason, record.exit_code) == (Status.OK, "", 0)
    stem = f"artifacts/ncu/{range_name('sdpa', TINY)}"
    assert record.artifacts == (f"{stem}.ncu-rep", f"{stem}.csv", f"{stem}.txt")
    assert done.result.ncu is not None
    assert done.result.ncu.version == VERSION


def test_the_stand_in_really_ran_the_provider_in_a_process_of_its_own(done: Finished) -> None:
    record = record_of(done, "sdpa", causal=False)
    assert "profiled call of torch" in record.output_end
    assert (
        record.command[record.command.index("-m") + 1] == "remote_payload.stages.ncu.profiled_call"
    )
    assert record.command[:3][2] == "LC_ALL=C"


def test_a_call_without_kernels_is_a_failure_though_ncu_ended_with_0(done: Finished) -> None:
    record = record_of(done, "sdpa", causal=True)
    assert (record.status, record.exit_code) == (Status.FAILED, 0)
    assert record.reason == "ncu left no report: ==WARNING== No kernels were profiled."
    assert [Path(name).suffix for name in record.artifacts] == [".txt"]


def test_a_run_that_must_have_counters_fails_without_and_takes_no_times(done: Finished) -> None:
    assert (done.exit_status, done.result.status, done.result.unfit) == (1, Status.FAILED, False)
    assert done.result.reason.startswith("ncu: sdpa on ")
    assert done.result.bench == ()


def test_only_chosen_providers_are_profiled_and_progress_is_told(done: Finished) -> None:
    assert done.result.ncu is not None
    assert {record.provider for record in done.result.ncu.records} == {"sdpa"}
    told = [p for p in done.progress if p.stage is Stage.NCU]
    assert [(p.done, p.total) for p in told] == [(0, 0), (0, 2), (1, 2), (2, 2)]


def test_a_call_that_hangs_is_killed_with_its_children(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(tmp_path / "bin", Mood.HANGS)
    monkeypatch.setenv("PATH", path_with(tmp_path / "bin"))
    monkeypatch.setenv(MARK, str(tmp_path))
    kept: list[NcuReport] = []
    (record,) = ncu.run(
        a_request(stages=STAGES, ncu=replace(PLAN, case_limit_s=1.0)),
        Setting("cpu", str(ROOT), seed=42),
        Deadline(60.0),
        ncu.Place(tmp_path, ""),
        (CheckRecord("sdpa", TINY, Status.OK), CheckRecord("sdpa-math", TINY, Status.FAILED)),
        kept.append,
    )
    assert record.status is Status.TIMEOUT
    assert record.reason == "no end within 1 s; it and all it had started were killed"
    # This test's own process began before the mark was set and does not carry it.
    assert gone_within(5, tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {"artifacts", "bin"}
    assert [len(report.records) for report in kept] == [0, 1]


def test_files_from_before_this_stage_are_still_read(done: Finished) -> None:
    document = codec.encode(done.result)
    del document["ncu"], document["request"]["ncu"]
    older = codec.decode(Result, document)
    assert older.ncu is None
    assert older.request.ncu == NcuPlan()
    assert older.checks == done.result.checks


def test_a_host_without_ncu_is_told_where_it_was_looked_for(tmp_path: Path) -> None:
    with pytest.raises(ncu.Unavailable, match="neither on the PATH nor in"):
        ncu.find(path=str(tmp_path), places=(str(tmp_path / "cuda-*/bin/ncu"),))
    newest = install(tmp_path / "cuda-13.0" / "bin", Mood.FINE)
    install(tmp_path / "cuda-12.4" / "bin", Mood.FINE)
    assert ncu.find(str(tmp_path), (str(tmp_path / "cuda-*/bin/ncu"),)) == str(newest)


def test_an_ncu_that_cannot_tell_its_version_makes_the_stage_unavailable(tmp_path: Path) -> None:
    broken = tmp_path / "ncu"
    broken.write_text("#!/bin/sh\necho 'libfoo.so: cannot open shared object file'\nexit 127\n")
    broken.chmod(stat.S_IRWXU)
    with pytest.raises(ncu.Unavailable, match=r"--version ended with status 127: libfoo"):
        ncu.meet(str(broken), tmp_path)


def test_a_program_that_floods_the_disk_is_stopped(tmp_path: Path) -> None:
    began = time.monotonic()
    ended = bounded.run(("yes",), tmp_path / "out", 20.0, output_limit_bytes=1 << 20)
    assert time.monotonic() - began < 10
    assert (ended.exit_code, ended.why) == (None, "printed more than 1 MiB and was killed")


def test_a_program_that_is_not_there_or_dies_of_a_signal_says_so(tmp_path: Path) -> None:
    missing = bounded.run((str(tmp_path / "nothing"),), tmp_path / "out", 1.0)
    assert missing.exit_code is None
    assert "could not be started" in missing.why
    assert bounded.run(("sh", "-c", "kill -9 $$"), tmp_path / "out", 5.0).why == (
        "was killed by signal 9"
    )
