"""The build stage: csrc/ for the device; without a GPU also our kernel for the emulator."""

from __future__ import annotations

import contextlib
import math
import threading
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Iterator, Optional

from remote_payload.compiling import emulation
from remote_payload.compiling.counting import Progress, Together
from remote_payload.compiling.errors import CompileError
from remote_payload.contract.facts import Role
from remote_payload.contract.machine import BuildReport
from remote_payload.contract.words import Stage, Status
from remote_payload.machine import toolkit
from remote_payload.operators.setting import Library
from remote_payload.processes.announce import step
from remote_payload.stages.build import build
from remote_payload.stages.scene import Outcome, Scene

# What csrc/emulator says that it is.
_EMULATED = "sm_90a"


def act(scene: Scene) -> Outcome:
    """Compile what the request asks for; a kernel that does not compile is a failed gate,
    a toolkit that is named and not there an unfit host."""

    counts = Together(partial(step, Stage.BUILD))
    with _emulated_beside(scene, counts) as emulated:
        report = _built(scene, scene.sources, counts.of("device"))
        scene.draft.note(build=report)
        goes_on = report.status in (Status.OK, Status.SKIPPED)
        if goes_on and emulated is not None:
            try:
                scene.emulated = emulated.result()
            except CompileError as exc:
                scene.no_emulation = str(exc)
    if goes_on:
        _build_others(scene, counts)
    # Whoever left our kernel out has still something to measure.
    ends_run = _ours_is_asked_for(scene) or set(scene.request.stages) == {Stage.BUILD}
    # Without a compiler nothing was said of the source: the toolkit that was named is not there.
    unfit = report.status is Status.FAILED and report.nvcc is None
    return Outcome(report.status, report.reason, unfit, ends_run, fails_run=True)


@contextlib.contextmanager
def _emulated_beside(scene: Scene, counts: Together) -> Iterator[Optional[Future[str]]]:
    """Our kernel for the CPU, compiled while the build is, where it is asked for; who leaves before
    it is done waits for no more than what is being compiled."""
    if scene.device != "cpu" or not _ours_is_asked_for(scene):
        yield None
        return
    stopped, limit_s = threading.Event(), scene.deadline.allow(math.inf)
    with ThreadPoolExecutor(max_workers=1) as pool:
        try:
            given = (scene.sources, scene.builds, limit_s, stopped, counts.of("emulated"))
            yield pool.submit(emulation.library, *given)
        finally:
            stopped.set()


def _built(scene: Scene, sources: Path, progress: Progress) -> BuildReport:
    capability = scene.capability()
    return build.build(
        scene.request.build,
        sources=sources,
        builds=scene.builds,
        device_arch=toolkit.arch_of(capability) if capability else None,
        progress=progress,
        limit_s=scene.deadline.allow(math.inf),
        without_device=(_EMULATED,) if _only_checks(scene) else (),
    )


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
            report = _built(scene, sources, counts.of(f"device of {folder}"))
            scene.draft.note(build_before=report)
            found = Library(folder, report.library, report.reason)
        scene.others = (*scene.others, found)


def _only_checks(scene: Scene) -> bool:
    """Whether all that is asked for is whether it is right, here: in the emulator."""
    return scene.device == "cpu" and set(scene.request.stages) == {Stage.BUILD, Stage.CHECK}


def _ours_is_asked_for(scene: Scene) -> bool:
    request, ours = scene.request, scene.operator.named(Role.OURS)
    if Stage.CHECK not in request.stages:
        return Stage.PROVE in request.stages
    return any(provider.name in ours for provider in request.providers)
