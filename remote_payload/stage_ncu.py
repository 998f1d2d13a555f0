"""The ncu stage: hardware counters, which a run may do without unless it asked for them."""

from __future__ import annotations

from dataclasses import replace

from remote_payload import ncu
from remote_payload.contract import NcuRecord, NcuReport, Status
from remote_payload.isolate import OutOfTime
from remote_payload.scene import Outcome, Scene, tell


def act(scene: Scene) -> Outcome:
    """Counters; a run that only would have liked them goes on without."""
    required = scene.request.ncu.required
    try:
        outcome = _profile_calls(scene)
    except ncu.Unavailable as exc:
        return Outcome(Status.FAILED if required else Status.SKIPPED, str(exc), unfit=True)
    except OutOfTime as exc:
        outcome = Outcome(Status.TIMEOUT, str(exc))
    return replace(outcome, ends_run=required)


def _profile_calls(scene: Scene) -> Outcome:
    if not scene.passed_any_check:
        return Outcome(Status.FAILED, "no profiling before a passed check; ask for check too")

    def keep(report: NcuReport) -> None:
        scene.draft.note(ncu=report)

    capability = scene.capability()
    place = ncu.Place(
        scene.draft.folder, "{}.{}".format(*capability) if capability is not None else ""
    )
    checks = scene.draft.result.checks
    records = ncu.run(scene.request, scene.setting(), scene.deadline, place, checks, keep)
    bad = [record for record in records if record.status is not Status.OK]
    if bad:
        return Outcome(Status.FAILED, tell(bad), unfit=all(map(_of_the_host, bad)))
    return Outcome(Status.OK) if records else Outcome(Status.FAILED, "nothing to profile")


def _of_the_host(record: NcuRecord) -> bool:
    return record.status is Status.SKIPPED or ncu.says_of_the_host(record)
