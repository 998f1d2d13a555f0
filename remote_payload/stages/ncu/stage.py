"""The ncu stage: hardware counters, which a run may do without unless it asked for them."""

from __future__ import annotations

import statistics
from dataclasses import replace
from typing import Dict, Tuple

from remote_payload.contract.records import NcuRecord, NcuReport
from remote_payload.contract.words import Status
from remote_payload.processes.isolate import OutOfTime
from remote_payload.stages.ncu import ncu
from remote_payload.stages.roles import is_own
from remote_payload.stages.scene import Outcome, Scene, tell


def act(scene: Scene) -> Outcome:
    """Counters; a run that only would have liked them goes on without."""
    required = scene.request.ncu.required
    try:
        outcome = _profile_calls(scene)
    except ncu.Unavailable as exc:
        outcome = Outcome(Status.FAILED if required else Status.SKIPPED, str(exc), unfit=True)
    except OutOfTime as exc:
        outcome = Outcome(Status.TIMEOUT, str(exc))
    return replace(outcome, ends_run=False, fails_run=required)


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
    request = scene.request
    if request.ncu.rivals and scene.draft.result.bench:
        request = replace(request, ncu=replace(request.ncu, providers=_with_rivals(scene)))
    records = ncu.run(request, scene.setting(), scene.deadline, place, checks, keep)
    bad = [record for record in records if record.status is not Status.OK]
    if bad:
        return Outcome(Status.FAILED, tell(bad), unfit=all(map(_of_the_host, bad)))
    return Outcome(Status.OK) if records else Outcome(Status.FAILED, "nothing to profile")


def _with_rivals(scene: Scene) -> Tuple[str, ...]:
    """Our kernel, the user's own, and as many others as the plan wants, the fastest first."""
    plan = scene.request.ncu
    before = scene.request.before
    others = [p for p in scene.request.providers if p.name not in before]
    own = [p.name for p in others if is_own(p, scene.operator)]
    medians: Dict[str, float] = {}
    for row in scene.draft.result.bench:
        timed = row.samples_us and row.status is Status.OK and not row.control
        if (
            timed
            and row.provider not in (*own, *before)
            and (not plan.cases or row.case in plan.cases)
        ):
            median_us = statistics.median(row.samples_us)
            medians[row.provider] = min(median_us, medians.get(row.provider, median_us))
    return (*own, *sorted(medians, key=lambda name: medians[name])[: plan.rivals])


def _of_the_host(record: NcuRecord) -> bool:
    return record.status is Status.SKIPPED or ncu.says_of_the_host(record)
