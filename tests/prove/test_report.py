"""The report's section on proofs: there when asked for, and only then."""

from __future__ import annotations

from dataclasses import replace

from orchestrator.report.render import render
from orchestrator.report.sections.against.proofs import WHAT
from remote_payload.contract.records import ProofRecord
from remote_payload.contract.result import Result, StageReport
from remote_payload.contract.words import Stage, Status
from remote_payload.stages.prove.stage import PROOFS
from tests.report.reading import part, summaries
from tests.report.synthetic import gpu_result, run

RECORDS = (
    ProofRecord("conformance", Status.OK, "39 answers agree", 14.25, ("artifacts/prove/a.txt",)),
    ProofRecord("adversarial", Status.FAILED, "nan in v: 3 elements | wrong", 2.0),
    ProofRecord("memcheck", Status.SKIPPED, "compute-sanitizer is not on the PATH"),
    ProofRecord("racecheck", Status.TIMEOUT, "no end within 60 s", 60.0),
)


def proven(*records: ProofRecord) -> Result:
    result = gpu_result()
    stages = (*result.request.stages, Stage.PROVE)
    return replace(result, request=replace(result.request, stages=stages), proofs=records)


def section(markdown: str) -> str:
    return part(markdown, "Proofs")


def test_every_proof_is_a_row_with_its_finding_and_files() -> None:
    text = section(render(run(proven(*RECORDS))).markdown)
    assert text.startswith(
        "Proofs: Of 4 proofs: 1 given, 1 FAILED, 1 not done in time, 1 not possible here.\n"
    )
    rows = [line for line in text.splitlines() if line.startswith("| ")]
    assert len(rows) == 2 + len(RECORDS)
    assert "| ok | 39 answers agree | 14.2 s | artifacts/prove/a.txt |" in rows[2]
    assert "| failed | nan in v: 3 elements &#124; wrong | 2.0 s | — |" in rows[3]


def test_a_run_that_was_not_asked_has_no_such_section() -> None:
    told = summaries(render(run(gpu_result())).markdown)
    assert not any("Proofs" in one for one in told)


def test_a_run_that_ended_before_says_so() -> None:
    assert section(render(run(proven())).markdown).strip() == (
        "Proofs: None was tried: the run ended before."
    )


def test_a_failed_proof_is_the_first_line_of_the_report() -> None:
    why = "prove: adversarial: nan in v: 3 elements"
    stages = (StageReport(Stage.PROVE, Status.FAILED, why),)
    failed = replace(proven(*RECORDS), status=Status.FAILED, reason=why, stages=stages)
    report = render(run(failed))
    assert report.verdict.startswith(f"FAILED: {why}.")
    assert not report.ok


def test_what_is_for_people_to_judge_looks_neither_green_nor_like_a_failure_of_the_run() -> None:
    hazard = ProofRecord("racecheck", Status.FAILED, "1 hazard: Race reported", for_people=True)
    reason = "racecheck, for people to judge: 1 hazard: Race reported"
    stages = (StageReport(Stage.PROVE, Status.FAILED, reason),)
    report = render(run(replace(proven(RECORDS[0], hazard), stages=stages)))
    text = section(report.markdown)
    assert "Of 2 proofs: 1 given, 1 for people to judge." in text
    row = next(line for line in text.splitlines() if line.startswith("| racecheck"))
    assert "| failed, for people to judge | 1 hazard: Race reported |" in row
    assert report.ok


def test_every_proof_there_is_has_words_of_its_own() -> None:
    assert set(WHAT) == set(PROOFS)
