"""The section on what the hardware had to confirm; only for a run that was asked to prove."""

from __future__ import annotations

from orchestrator.report.section import Section
from orchestrator.report.view.sections import ProofsView
from orchestrator.report.view.tables import Table
from orchestrator.report.wording import format as fmt
from remote_payload.contract.records import ProofRecord
from remote_payload.contract.result import Result
from remote_payload.contract.words import Stage, Status

WHAT = {
    "conformance": "the GPU and the emulator give the same bits for each instruction's questions",
    "adversarial": "our kernel on inputs chosen to break it, against fp64",
    "memcheck": "compute-sanitizer: no access out of bounds or misaligned",
    "racecheck": "compute-sanitizer: no hazard in shared memory that it can see",
}
FOR_PEOPLE = "for people to judge"
_HEADER = ("Proof", "What it is", "Status", "Finding", "Took", "Files")


def proofs(result: Result | None) -> tuple[ProofsView, ...]:
    """The one section of a run that was asked for proofs; none of any other."""
    if result is None or Stage.PROVE not in result.request.stages:
        return ()
    rows = tuple(_row(record) for record in result.proofs)
    return (ProofsView(_headline(result), Table(_HEADER, rows)),)


def _headline(result: Result) -> str:
    if not result.proofs:
        return "None was tried: the run ended before."
    decided = [proof.status for proof in result.proofs if not proof.for_people]
    words = (
        (decided.count(Status.OK), "given"),
        (decided.count(Status.FAILED), "FAILED"),
        (decided.count(Status.TIMEOUT), "not done in time"),
        (decided.count(Status.SKIPPED), "not possible here"),
        (len(result.proofs) - len(decided), FOR_PEOPLE),
    )
    told = ", ".join(f"{count} {what}" for count, what in words if count)
    return f"Of {fmt.count(len(result.proofs), 'proof')}: {told}."


def _row(record: ProofRecord) -> tuple[str, ...]:
    return (
        record.name,
        WHAT.get(record.name, fmt.NONE),
        f"{record.status.value}, {FOR_PEOPLE}" if record.for_people else record.status.value,
        record.reason or fmt.NONE,
        f"{record.seconds:.1f} s",
        ", ".join(record.artifacts) or fmt.NONE,
    )


def _summary(view: ProofsView) -> str:
    return f"Proofs: {view.headline}"


SECTION = Section(72, lambda page: proofs(page.result), _summary, answers=lambda page: True)
