"""The build stage: csrc/ for the device; without a GPU also our kernel for the emulator."""

from __future__ import annotations

import math
from pathlib import Path

from remote_payload.compiling import emulation
from remote_payload.compiling.errors import CompileError
from remote_payload.contract.facts import Role
from remote_payload.contract.machine import BuildReport
from remote_payload.contract.words import Stage, Status
from remote_payload.machine import toolkit
from remote_payload.operators.setting import Library
from remote_payload.processes.announce import step
from remote_payload.stages.build import build
from remote_payload.stages.scene import Outcome, Scene


def act(scene: Scene) -> Outcome:
    """Compile what the request asks for; a kernel that does not compile is a failed gate,
    a toolkit that is named and not there an unfit host."""

    def progress(done: int, total: int, label: str) -> None:
        step(Stage.BUILD, done, total, label)

    report = _built(scene, scene.sources, progress)
    scene.draft.note(build=report)
    goes_on = report.status in (Status.OK, Status.SKIPPED)
    if goes_on and scene.device == "cpu" and _ours_is_asked_for(scene):
        step(Stage.BUILD, len(report.compilations), len(report.compilations), "emulated kernel")
        try:
            limit_s = scene.deadline.allow(math.inf)
            scene.emulated = emulation.library(scene.sources, scene.builds, limit_s)
        except CompileError as exc:
            scene.no_emulation = str(exc)
    if goes_on:
        _build_others(scene, progress)
    # Whoever left our kernel out has still something to measure.
    ends_run = _ours_is_asked_for(scene) or set(scene.request.stages) == {Stage.BUILD}
    # Without a compiler nothing was said of the source: the toolkit that was named is not there.
    unfit = report.status is Status.FAILED and report.nvcc is None
    return Outcome(report.status, report.reason, unfit, ends_run, fails_run=True)


def _built(scene: Scene, sources: Path, progress: build.Progress) -> BuildReport:
    capability = scene.capability()
    return build.build(
        scene.request.build,
        sources=sources,
        builds=scene.builds,
        device_arch=toolkit.arch_of(capability) if capability else None,
        progress=progress,
        limit_s=scene.deadline.allow(math.inf),
    )


def _build_others(scene: Scene, progress: build.Progress) -> None:
    """Our kernel of other sources too, for the providers that are of these; where it does not
    compile they are out, and nobody else."""
    here = [one for one in scene.request.providers if one.sources and not one.absent]
    for folder in dict.fromkeys(one.sources for one in here):
        sources = scene.sources / folder
        if scene.device == "cpu":
            step(Stage.BUILD, 1, 1, f"emulated kernel of {folder}")
            try:
                path = emulation.library(sources, scene.builds, scene.deadline.allow(math.inf))
                found = Library(folder, path)
            except CompileError as exc:
                found = Library(folder, None, str(exc))
        else:
            report = _built(scene, sources, progress)
            scene.draft.note(build_before=report)
            found = Library(folder, report.library, report.reason)
        scene.others = (*scene.others, found)


def _ours_is_asked_for(scene: Scene) -> bool:
    request, ours = scene.request, scene.operator.named(Role.OURS)
    if Stage.CHECK not in request.stages:
        return Stage.PROVE in request.stages
    return any(provider.name in ours for provider in request.providers)
