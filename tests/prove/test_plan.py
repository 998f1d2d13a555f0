"""From `profile --prove` to the request that travels."""

from __future__ import annotations

from pathlib import Path

from orchestrator.workflows.plan import NCU_BESIDE_PROOFS_S, Wish, plan
from remote_payload.contract import codec
from remote_payload.contract.plans import ProvePlan
from remote_payload.contract.records import ProofRecord
from remote_payload.contract.request import Request
from remote_payload.contract.result import Result
from remote_payload.contract.words import Stage, Status
from tests.report.synthetic import gpu_result

MEASURED = (Stage.BUILD, Stage.CHECK, Stage.BENCH)


def test_a_run_with_proofs_profiles_ours_and_one_rival_and_quickly(tmp_path: Path) -> None:
    request = plan(Wish((*MEASURED, Stage.PROVE, Stage.NCU), peers=True), tmp_path).request
    assert request.prove == ProvePlan()
    assert (request.ncu.rivals, request.ncu.case_limit_s) == (1, NCU_BESIDE_PROOFS_S)
    assert not any(provider.required for provider in request.providers)
    without = plan(Wish((*MEASURED, Stage.NCU)), tmp_path).request
    assert without.ncu.rivals == 0


def test_what_the_user_says_of_time_goes_before_ours(tmp_path: Path) -> None:
    wish = Wish((*MEASURED, Stage.PROVE, Stage.NCU), ncu_limit_s=200.0, time_limit_s=440.0)
    request = plan(wish, tmp_path).request
    assert (request.ncu.case_limit_s, request.time_limit_s) == (200.0, 440.0)


def test_requests_and_results_from_before_are_still_read(tmp_path: Path) -> None:
    result = codec.encode(gpu_result())
    del result["proofs"], result["request"]["prove"], result["request"]["ncu"]["rivals"]
    assert codec.decode(Result, result).proofs == ()
    request = plan(Wish((*MEASURED, Stage.PROVE)), tmp_path).request
    assert codec.loads(Request, codec.dumps(request)) == request
    record = ProofRecord("memcheck", Status.OK, "0 errors", 3.5, ("artifacts/prove/a.txt",))
    assert codec.loads(ProofRecord, codec.dumps(record)) == record
