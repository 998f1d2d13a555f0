"""The prove stage: a proof that fails, fails the run; the stages after it run all the same.

What is for people to judge is no OK, but fails no run either.

It is tried also where a gate before it failed.
"""

from __future__ import annotations

from typing import Dict, Tuple

from remote_payload.contract.records import ProofRecord
from remote_payload.contract.words import Status
from remote_payload.stages.prove import prove, sanitize
from remote_payload.stages.prove.prove import Proof
from remote_payload.stages.prove.prove_adversarial import adversarial
from remote_payload.stages.prove.prove_conformance import conformance
from remote_payload.stages.scene import Outcome, Scene

# In the order of contract.words.PROOFS.
PROOFS: Dict[str, Proof] = {
    "conformance": conformance,
    "adversarial": adversarial,
    "memcheck": sanitize.memcheck,
    "racecheck": sanitize.racecheck,
}


def act(scene: Scene) -> Outcome:
    """Try the proofs asked for; SKIPPED only if none could be given here."""

    def keep(records: Tuple[ProofRecord, ...]) -> None:
        scene.draft.note(proofs=records)

    place = prove.Place(
        job=scene.draft.folder,
        sources=scene.sources.absolute(),
        setting=scene.setting(),
        capability=scene.capability() if scene.device == "cuda" else None,
        deadline=scene.deadline,
    )
    plan = scene.request.prove
    chosen = {name: PROOFS[name] for name in PROOFS if name in (plan.proofs or PROOFS)}
    return outcome_of(prove.run(chosen, place, plan.case_limit_s, keep, scene.ours_is_out))


def outcome_of(records: Tuple[ProofRecord, ...]) -> Outcome:
    """What the proofs mean for the run. Not OK if one is for people to judge: but no failure."""
    bad = [record for record in records if record.status not in (Status.OK, Status.SKIPPED)]
    bad.sort(key=lambda record: (record.for_people, record.status is not Status.FAILED))
    if bad:
        more = f" (and {len(bad) - 1} more)" if len(bad) > 1 else ""
        judged = ", for people to judge" if bad[0].for_people else ""
        reason = f"{bad[0].name}{judged}: {bad[0].reason}{more}"
        return Outcome(bad[0].status, reason, ends_run=False, fails_run=not bad[0].for_people)
    if all(record.status is Status.SKIPPED for record in records):
        return Outcome(Status.SKIPPED, f"no proof could be given here: {records[0].reason}")
    return Outcome(Status.OK)
