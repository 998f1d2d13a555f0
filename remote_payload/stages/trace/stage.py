"""The trace stage: kernel times and launch geometry, which a run may do without."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Tuple

from remote_payload.compiling import disassembly
from remote_payload.contract.records import TraceRecord
from remote_payload.contract.words import Status
from remote_payload.machine import toolkit
from remote_payload.processes.announce import say
from remote_payload.processes.isolate import OutOfTime
from remote_payload.stages.scene import Outcome, Scene, tell
from remote_payload.stages.trace import trace


def act(scene: Scene) -> Outcome:
    """Trace what passed; whatever comes of it, the run goes on."""
    if scene.device != "cuda":
        return Outcome(Status.SKIPPED, "no CUDA GPU", ends_run=False)
    try:
        outcome = _trace(scene)
    except OutOfTime as exc:
        outcome = Outcome(Status.TIMEOUT, str(exc))
    return replace(outcome, ends_run=False)


def _trace(scene: Scene) -> Outcome:
    if not scene.passed_any_check:
        return Outcome(Status.FAILED, "no tracing before a passed check; ask for check as well")

    def keep(records: Tuple[TraceRecord, ...]) -> None:
        scene.draft.note(traces=records)

    _list_machine_code(scene)
    checks = scene.draft.result.checks
    records = trace.run(
        scene.request, scene.operator, scene.setting(), scene.deadline, checks, keep
    )
    bad = [record for record in records if record.status is not Status.OK]
    if bad:
        return Outcome(Status.FAILED, tell(bad))
    return Outcome(Status.OK) if records else Outcome(Status.FAILED, "nothing to trace")


def _list_machine_code(scene: Scene) -> None:
    """The listing of our library stands beside the result, for the report to read."""
    library, capability = scene.setting().library, scene.capability()
    if library is None or capability is None:
        return
    why = disassembly.disassemble(Path(library), toolkit.arch_of(capability), scene.draft.folder)
    if why:
        say(f"no machine code of ours: {why}")
