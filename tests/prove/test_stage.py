"""Whole runs with the stage prove: what a proof does to the run, and what it leaves."""

from __future__ import annotations

import os
import shutil
import statistics
from dataclasses import replace
from pathlib import Path

import pytest

from orchestrator.ncu import flags
from remote_payload.contract import words
from remote_payload.contract.plans import NcuPlan
from remote_payload.contract.records import ProofRecord
from remote_payload.contract.request import Provider
from remote_payload.contract.words import Depth, Stage, Status
from remote_payload.stages.prove.stage import PROOFS, outcome_of
from tests.ncu_stage.stand_in import Mood, install
from tests.payload.running import ROOT, Finished, a_request, misbehaving, run_payload


def proof(done: Finished, name: str) -> ProofRecord:
    (found,) = [record for record in done.result.proofs if record.name == name]
    return found


@pytest.fixture(scope="module")
def refuted(tmp_path_factory: pytest.TempPathFactory) -> Finished:
    """A snapshot whose questions the emulator cannot answer."""
    pytest.importorskip("torch")
    root = tmp_path_factory.mktemp("snapshot")
    shutil.copytree(ROOT / "remote_payload", root / "remote_payload")
    (root / "csrc" / "conformance").mkdir(parents=True)
    broken = '#include <cstdio>\nint main() { std::puts("failed: a fault"); return 3; }\n'
    (root / "csrc" / "conformance" / "hopper_conformance.cu").write_text(broken)
    request = a_request(Provider("sdpa"), stages=(Stage.CHECK, Stage.PROVE, Stage.NCU))
    return run_payload(request, root / "job", root=root)


def test_a_refuted_proof_fails_the_run_at_its_end_and_the_next_stage_still_runs(
    refuted: Finished,
) -> None:
    why = "conformance: emulated ended with status 3: failed: a fault"
    assert (refuted.exit_status, refuted.result.status) == (1, Status.FAILED)
    assert (refuted.result.reason, refuted.result.unfit) == (f"prove: {why}", False)
    assert (refuted.stage(Stage.PROVE).status, refuted.stage(Stage.PROVE).reason) == (
        Status.FAILED,
        why,
    )
    assert "hardware counters need a CUDA GPU" in refuted.stage(Stage.NCU).reason
    assert refuted.check("sdpa").status is Status.OK


def test_the_proofs_that_can_be_asked_for_are_those_there_are_in_their_order() -> None:
    assert tuple(PROOFS) == words.PROOFS


def test_every_proof_leaves_a_record_and_its_progress(refuted: Finished) -> None:
    assert [record.name for record in refuted.result.proofs] == list(PROOFS)
    for name in ("memcheck", "racecheck"):
        assert (proof(refuted, name).status, proof(refuted, name).reason) == (
            Status.SKIPPED,
            "not tried, as sparsek was left out of this run",
        )
    assert proof(refuted, "adversarial").status is Status.SKIPPED
    told = [p for p in refuted.progress if p.stage is Stage.PROVE]
    every = [(n, len(PROOFS)) for n in range(len(PROOFS) + 1)]
    assert [(p.done, p.total) for p in told] == [(0, 0), *every]
    assert proof(refuted, "conformance").artifacts == ("artifacts/prove/conformance/emulated.txt",)


def test_a_failed_check_is_followed_by_the_proofs_that_may_explain_it(tmp_path: Path) -> None:
    pytest.importorskip("torch")
    request = a_request(
        misbehaving("returns_nan"), stages=(Stage.CHECK, Stage.BENCH, Stage.PROVE, Stage.NCU)
    )
    done = run_payload(request, tmp_path / "job", path=str(tmp_path))
    assert done.result.reason.startswith("check: returns_nan on ")
    assert done.stage(Stage.BENCH).reason == done.stage(Stage.NCU).reason == done.result.reason
    assert [record.name for record in done.result.proofs] == list(PROOFS)


def test_a_stage_is_as_good_as_its_worst_proof_and_people_judge_only_after_the_kernel() -> None:
    hazard = ProofRecord("racecheck", Status.FAILED, "1 hazard", for_people=True)
    wrong = ProofRecord("memcheck", Status.FAILED, "1 error")
    given, impossible = (
        ProofRecord("conformance", status) for status in (Status.OK, Status.SKIPPED)
    )
    assert outcome_of((given, impossible)).status is Status.OK
    assert outcome_of((impossible,)).status is Status.SKIPPED
    judged = outcome_of((given, hazard))
    assert judged.reason == "racecheck, for people to judge: 1 hazard"
    assert (judged.status, judged.ends_run, judged.fails_run) == (Status.FAILED, False, False)
    failed = outcome_of((hazard, wrong))
    assert failed.reason == "memcheck: 1 error (and 1 more)"
    assert (failed.status, failed.ends_run, failed.fails_run) == (Status.FAILED, False, True)


def test_a_run_whose_proofs_are_all_impossible_is_no_failure(tmp_path: Path) -> None:
    pytest.importorskip("torch")
    request = a_request(Provider("sdpa"), stages=(Stage.CHECK, Stage.PROVE))
    done = run_payload(request, tmp_path / "job", path=str(tmp_path))
    assert (done.exit_status, done.result.status) == (0, Status.OK)
    stage = done.stage(Stage.PROVE)
    assert stage.status is Status.SKIPPED
    assert stage.reason.startswith("no proof could be given here: no C++ compiler here")


def test_with_one_rival_only_ours_and_the_fastest_other_are_profiled(tmp_path: Path) -> None:
    pytest.importorskip("torch")
    install(tmp_path / "bin", Mood.FINE)
    plan = replace(flags.plan(Depth.CHEAP), any_device=True, case_limit_s=30.0, rivals=1)
    own = misbehaving("right")
    request = a_request(
        Provider("sdpa"),
        Provider("sdpa-math"),
        own,
        stages=(Stage.CHECK, Stage.BENCH, Stage.NCU),
        ncu=plan,
    )
    path = f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}"
    done = run_payload(request, tmp_path / "job", path=path)
    medians = {
        name: min(
            statistics.median(record.samples_us)
            for record in done.bench(name)
            if record.status is Status.OK and not record.control
        )
        for name in ("sdpa", "sdpa-math")
    }
    assert done.result.ncu is not None
    profiled = {record.provider for record in done.result.ncu.records}
    assert profiled == {own.name, min(medians, key=lambda name: medians[name])}


def test_plans_from_before_there_were_rivals_profile_all() -> None:
    assert NcuPlan().rivals == 0
