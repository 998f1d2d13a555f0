"""The check stage: every provider against the fp64 reference; nothing is timed before it passed."""

from __future__ import annotations

from remote_payload import check
from remote_payload.contract import Status
from remote_payload.scene import Outcome, Scene, tell


def act(scene: Scene) -> Outcome:
    """Check all; a required provider that cannot run here makes the host unfit."""
    refused = check.run(scene.request, scene.setting(), scene.deadline, scene.draft.add_check)
    wrong = [r for r in scene.draft.result.checks if r.status in check.BAD and r not in refused]
    fatal = [record for record in wrong if scene.decides(record.provider)]
    if fatal:
        return Outcome(Status.FAILED, tell(fatal))
    if refused:
        return Outcome(Status.FAILED, tell(refused), unfit=True)
    if not scene.passed_any_check:
        return Outcome(
            Status.FAILED, "no provider could run here, so nothing was checked", unfit=True
        )
    return Outcome(Status.OK, f"left out: {tell(wrong)}" if wrong else "")
