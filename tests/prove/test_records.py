"""From a proof that is given, refuted, impossible or late to its record."""

from __future__ import annotations

import sys
from pathlib import Path

from remote_payload.contract.records import ProofRecord
from remote_payload.contract.words import Status
from remote_payload.processes.isolate import Deadline
from remote_payload.stages.prove import prove
from remote_payload.stages.prove.prove import Place, Refuted, Skipped
from remote_payload.stages.prove.stage import PROOFS
from tests.payload.running import ROOT
from tests.prove.places import ON_CPU


def given(place: Place) -> str:
    place.require((sys.executable, "-c", "print('seen')"), "told.txt")
    place.run((sys.executable, "-c", "pass"), "empty.txt")
    (place.scratch / "large").write_text("not kept")
    return "all is well"


def refuted(place: Place) -> str:
    raise Refuted("element 7 is wrong")


def impossible(place: Place) -> str:
    raise Skipped("no such tool here")


def dies(place: Place) -> str:
    return place.require((sys.executable, "-c", "print('last words'); exit(3)"), "said.txt")


def hangs(place: Place) -> str:
    return place.require((sys.executable, "-c", "import time; time.sleep(60)"), "said.txt")


def uncertain(place: Place) -> str:
    raise Refuted("1 hazard that may be none", for_people=True)


def try_all(
    folder: Path, limit_s: float, *proofs: prove.Proof, run_s: float = 60.0
) -> tuple[ProofRecord, ...]:
    kept: list[int] = []
    where = Place(folder, ROOT, ON_CPU, None, Deadline(run_s))
    named = {proof.__name__: proof for proof in proofs}
    records = prove.run(named, where, limit_s, lambda so_far: kept.append(len(so_far)))
    assert kept == list(range(1, len(proofs) + 1))
    return records


def test_each_ending_has_its_status_and_the_next_proof_is_tried(tmp_path: Path) -> None:
    records = try_all(tmp_path, 30.0, refuted, impossible, dies, given)
    assert [(r.name, r.status, r.reason) for r in records] == [
        ("refuted", Status.FAILED, "element 7 is wrong"),
        ("impossible", Status.SKIPPED, "no such tool here"),
        ("dies", Status.FAILED, f"{Path(sys.executable).name} ended with status 3: last words"),
        ("given", Status.OK, "all is well"),
    ]


def test_what_was_printed_is_kept_and_nothing_else(tmp_path: Path) -> None:
    (record, nothing) = try_all(tmp_path, 30.0, given, impossible)
    assert (record.artifacts, nothing.artifacts) == (("artifacts/prove/given/told.txt",), ())
    left = {path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*")}
    assert left == {
        "artifacts",
        "artifacts/prove",
        "artifacts/prove/given",
        "artifacts/prove/given/told.txt",
    }


def test_a_program_that_hangs_is_ended_and_the_proof_is_late(tmp_path: Path) -> None:
    (record,) = try_all(tmp_path, 1.0, hangs)
    assert record.status is Status.TIMEOUT
    assert "it and all it had started were killed" in record.reason
    assert record.seconds < 10


def test_what_is_for_people_to_judge_says_so_and_is_no_ok(tmp_path: Path) -> None:
    records = try_all(tmp_path, 30.0, uncertain, refuted)
    assert [(r.status, r.for_people) for r in records] == [
        (Status.FAILED, True),
        (Status.FAILED, False),
    ]


def test_what_would_hang_again_is_skipped_with_the_reason_and_the_rest_is_tried(
    tmp_path: Path,
) -> None:
    why = "the check of sparsek did not end: it would hang again"
    records = prove.run(
        {"conformance": given, **dict.fromkeys(prove.LAUNCH_OURS, refuted)},
        Place(tmp_path, ROOT, ON_CPU, None, Deadline(60.0)),
        30.0,
        lambda so_far: None,
        hopeless=why,
    )
    assert [(r.name, r.status, r.reason) for r in records] == [
        ("conformance", Status.OK, "all is well"),
        *((name, Status.SKIPPED, why) for name in prove.LAUNCH_OURS),
    ]
    assert set(prove.LAUNCH_OURS) == set(PROOFS) - {"conformance"}


def test_a_run_without_time_left_tries_nothing(tmp_path: Path) -> None:
    (record,) = try_all(tmp_path, 30.0, given, run_s=0.0)
    assert (record.status, record.reason) == (Status.TIMEOUT, "no time was left for it")
