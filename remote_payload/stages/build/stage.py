"""The build stage: csrc/ for the device; without a GPU also our kernel for the emulator."""

from __future__ import annotations

import math
import threading

from remote_payload.compiling import emulation
from remote_payload.compiling.counting import Together
from remote_payload.compiling.errors import CompileError
from remote_payload.contract.words import Stage, Status
from remote_payload.operators.setting import Library
from remote_payload.stages.build.started import Started, compiled, ours_is_asked_for, target_of
from remote_payload.stages.scene import Outcome, Scene


def act(scene: Scene) -> Outcome:
    """Compile what the request asks for; a kernel that does not compile is a failed gate,
    a toolkit that is named and not there an unfit host."""
    started = _started(scene)
    try:
        started.counts.listen()
        report = started.report.result()
        scene.draft.note(build=report)
        goes_on = report.status in (Status.OK, Status.SKIPPED)
        if goes_on and started.emulated is not None:
            try:
                scene.emulated = started.emulated.result()
            except CompileError as exc:
                scene.no_emulation = str(exc)
    finally:
        started.stop()
    if goes_on:
        _build_others(scene, started.counts)
    # Whoever left our kernel out has still something to measure.
    ends_run = ours_is_asked_for(scene) or set(scene.request.stages) == {Stage.BUILD}
    # Without a compiler nothing was said of the source: the toolkit that was named is not there.
    unfit = report.status is Status.FAILED and report.nvcc is None
    return Outcome(report.status, report.reason, unfit, ends_run, fails_run=True)


def _started(scene: Scene) -> Started:
    """What goes on since torch was asked, if it is for what torch found."""
    before, scene.compiling, target = scene.compiling, None, target_of(scene)
    if before is not None and before.target == target:
        return before
    if before is not None:
        before.stop()
    return Started(scene, target)


def _build_others(scene: Scene, counts: Together) -> None:
    """Our kernel of other sources too, for the providers that are of these; where it does not
    compile they are out, and nobody else."""
    here = [one for one in scene.request.providers if one.sources and not one.absent]
    for folder in dict.fromkeys(one.sources for one in here):
        sources = scene.sources / folder
        if scene.device == "cpu":
            limit_s = scene.deadline.allow(math.inf)
            try:
                path = emulation.library(
                    sources, scene.builds, limit_s, progress=counts.of(f"emulated of {folder}")
                )
                found = Library(folder, path)
            except CompileError as exc:
                found = Library(folder, None, str(exc))
        else:
            progress = counts.of(f"device of {folder}")
            report = compiled(scene, target_of(scene), sources, progress, threading.Event())
            scene.draft.note(build_before=report)
            found = Library(folder, report.library, report.reason)
        scene.others = (*scene.others, found)
