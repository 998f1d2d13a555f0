"""The check stage: every provider against the fp64 reference; nothing is timed before it passed."""

from __future__ import annotations

from dataclasses import replace
from typing import Tuple

from remote_payload import check
from remote_payload.contract import CheckRecord, Status
from remote_payload.isolate import OutOfTime
from remote_payload.scene import Outcome, Scene, tell


def act(scene: Scene) -> Outcome:
    """Check all. Who fails is not timed; the others are, and the run fails at its end."""
    try:
        refused = check.run(scene.request, scene.setting(), scene.deadline, scene.draft.add_check)
    except OutOfTime as exc:
        return _out_of_time(scene, exc)
    outcome = _outcome(scene, refused)
    return replace(outcome, ends_run=not scene.passed_any_check, fails_run=True)


def _outcome(scene: Scene, refused: Tuple[CheckRecord, ...]) -> Outcome:
    """A required provider that cannot run here tells about the host and not about a kernel."""
    wrong = [record for record in _wrong(scene) if record not in refused]
    fatal = [record for record in wrong if scene.decides(record.provider)]
    if fatal:
        return Outcome(Status.FAILED, tell(fatal))
    if refused:
        return Outcome(Status.FAILED, tell(refused), unfit=True)
    if not scene.passed_any_check:
        why = "no provider could run here, so nothing was checked"
        return Outcome(Status.FAILED, tell(wrong) if wrong else why, unfit=not wrong)
    return Outcome(Status.OK, f"left out: {tell(wrong)}" if wrong else "")


def _out_of_time(scene: Scene, exc: OutOfTime) -> Outcome:
    """What was found wrong before is the graver news."""
    fatal = [record for record in _wrong(scene) if scene.decides(record.provider)]
    if not fatal:
        return Outcome(Status.TIMEOUT, str(exc))
    return Outcome(Status.FAILED, f"{tell(fatal)}; then {exc}")


def _wrong(scene: Scene) -> Tuple[CheckRecord, ...]:
    return tuple(r for r in scene.draft.result.checks if r.status in check.BAD)
