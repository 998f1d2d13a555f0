"""The ceilings stage: what well-known programs get out of this machine; few runs depend on it."""

from __future__ import annotations

from dataclasses import replace
from typing import List, Tuple

from remote_payload.contract.records import CeilingRecord, CutlassReport
from remote_payload.contract.words import Status
from remote_payload.processes.isolate import OutOfTime
from remote_payload.stages.ceilings import ceilings, cutlass
from remote_payload.stages.scene import Outcome, Scene

_BAD = (Status.FAILED, Status.TIMEOUT)
_CPU_SLOT_S = 2.0  # a CPU's ceilings are for orientation


def act(scene: Scene) -> Outcome:
    """Measure; a run that only would have liked the ceilings goes on without."""
    required = scene.request.ceilings.required
    try:
        records = _measure(scene)
        report = _cutlass(scene) if scene.request.ceilings.cutlass else None
    except OutOfTime as exc:
        return Outcome(Status.TIMEOUT, str(exc), ends_run=False, fails_run=required)
    wrong = [f"{record.name}: {record.reason}" for record in records if record.status in _BAD]
    if report is not None and report.status is not Status.OK:
        wrong.append(f"CUTLASS profiler: {report.reason}")
    if not wrong:
        return Outcome(Status.OK)
    lacking = report is not None and report.status is Status.SKIPPED and len(wrong) == 1
    more = f" (and {len(wrong) - 1} more)" if len(wrong) > 1 else ""
    reason = f"{wrong[0]}{more}"
    return Outcome(Status.FAILED, reason, unfit=lacking, ends_run=False, fails_run=required)


def _measure(scene: Scene) -> Tuple[CeilingRecord, ...]:
    plan = scene.request.ceilings
    rest = () if scene.device == "cuda" else ceilings.without_gpu()
    slot_s = plan.budget_s / len(ceilings.names(scene.device))
    task = ceilings.Task(
        # Nobody else has these inputs, so that keeping them would only fill the disk.
        setting=replace(scene.setting(), inputs="", drawn=""),
        gemm_size=plan.gemm_size,
        slot_s=slot_s if scene.device == "cuda" else min(slot_s, _CPU_SLOT_S),
    )

    def keep(records: Tuple[CeilingRecord, ...]) -> None:
        scene.draft.note(ceilings=(*records, *rest))

    return ceilings.run(task, scene.deadline, scene.gpu_state, keep)


def _cutlass(scene: Scene) -> CutlassReport:
    found: List[CutlassReport] = []

    def keep(report: CutlassReport) -> None:
        found[:] = [report]
        scene.draft.note(cutlass=report)

    place = cutlass.Place(scene.draft.folder, scene.builds, scene.capability())
    cutlass.run(scene.request.ceilings, place, scene.deadline, keep)
    return found[0]
