"""The check stage: every provider against the fp64 reference; nothing is timed before it passed."""

from __future__ import annotations

from dataclasses import replace
from typing import List, Optional, Sequence

from remote_payload.contract.records import CheckRecord
from remote_payload.contract.words import Status
from remote_payload.processes.isolate import OutOfTime
from remote_payload.stages.check import check
from remote_payload.stages.scene import Outcome, Scene, tell


def act(scene: Scene) -> Outcome:
    """Check all. Who fails is not timed; the others are, and the run fails at its end."""
    refused: List[CheckRecord] = []
    try:
        check.run(
            scene.request,
            scene.operator,
            scene.setting(),
            scene.deadline,
            scene.draft,
            refused,
        )
        late = None
    except OutOfTime as exc:
        late = exc
    outcome = _outcome(scene, refused, late)
    ends_run = late is not None or not scene.passed_any_check
    return replace(outcome, ends_run=ends_run, fails_run=True)


def _outcome(scene: Scene, refused: Sequence[CheckRecord], late: Optional[OutOfTime]) -> Outcome:
    """The gravest first: a wrong kernel, the time that ran out, then what the host lacks.

    A required provider that cannot run here tells about the host and not about a kernel.
    """
    checks = scene.draft.result.checks
    wrong = [record for record in checks if record.status in check.BAD and record not in refused]
    fatal = [record for record in wrong if scene.decides(record.provider)]
    if fatal:
        return Outcome(Status.FAILED, f"{tell(fatal)}; then {late}" if late else tell(fatal))
    if late:
        return Outcome(Status.TIMEOUT, str(late))
    if refused:
        return Outcome(Status.FAILED, tell(refused), unfit=True)
    if not scene.passed_any_check:
        why = "no provider could run here, so nothing was checked"
        return Outcome(Status.FAILED, tell(wrong) if wrong else why, unfit=not wrong)
    return Outcome(Status.OK, f"left out: {tell(wrong)}" if wrong else "")
