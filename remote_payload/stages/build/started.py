"""What a build compiles, under way: from its stage on, or sooner, while torch is imported."""

from __future__ import annotations

import math
import threading
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Optional, Tuple

from remote_payload.compiling import emulation
from remote_payload.compiling.counting import Progress, Together
from remote_payload.contract.facts import Role
from remote_payload.contract.machine import BuildReport
from remote_payload.contract.words import Device, Stage
from remote_payload.machine import toolkit
from remote_payload.processes.announce import step
from remote_payload.stages.build import build
from remote_payload.stages.scene import Scene

# What csrc/emulator says that it is.
_EMULATED = "sm_90a"


@dataclass(frozen=True)
class Target:
    """What is compiled for. device: where the run computes, "cuda" or "cpu"; capability: of the GPU
    that is there, None without one."""

    device: str
    capability: Optional[Tuple[int, int]]


class Started:
    """csrc/ for the device, and our kernel for the CPU where it is asked for, side by side.

    report: of csrc/. emulated: the path of our kernel for the CPU, or a CompileError; None where
    nobody asks for it. counts: of both.
    """

    def __init__(self, scene: Scene, target: Target) -> None:
        self.target, self.counts = target, Together(partial(step, Stage.BUILD))
        self._stopped, limit_s = threading.Event(), scene.deadline.allow(math.inf)
        self._pool = ThreadPoolExecutor(max_workers=2)
        progress, sources = self.counts.of("device"), scene.sources
        self.report: Future[BuildReport] = self._pool.submit(
            compiled, scene, target, sources, progress, self._stopped
        )
        self.emulated: Optional[Future[str]] = None
        if target.device == "cpu" and ours_is_asked_for(scene):
            given = (sources, scene.builds, limit_s, self._stopped, self.counts.of("emulated"))
            self.emulated = self._pool.submit(emulation.library, *given)

    def stop(self) -> None:
        """End all that is under way."""
        self._stopped.set()
        self._pool.shutdown()


def target_of(scene: Scene) -> Target:
    """As torch has it, once it was asked."""
    return Target(scene.device, scene.capability())


def ahead(scene: Scene) -> Optional[Started]:
    """Started before torch has said anything, by what the driver tells of the GPU; None where
    nobody knows yet what is to be built."""
    request, seen = scene.request, scene.draft.result.machine
    if request.operator_target or seen is None:
        return None
    if request.device is Device.CUDA and not seen.gpu_count:
        return None
    on_gpu = bool(seen.gpu_count) and request.device is not Device.CPU
    return Started(scene, Target("cuda" if on_gpu else "cpu", scene.capability()))


def compiled(
    scene: Scene, target: Target, sources: Path, progress: Progress, stopped: threading.Event
) -> BuildReport:
    """csrc/ below `sources`; of what is only checked, in the emulator, the device's code alone."""
    only_checks = set(scene.request.stages) == {Stage.BUILD, Stage.CHECK}
    return build.build(
        scene.request.build,
        sources=sources,
        builds=scene.builds,
        device_arch=toolkit.arch_of(target.capability) if target.capability else None,
        progress=progress,
        limit_s=scene.deadline.allow(math.inf),
        cubins_of=(_EMULATED,) if target.device == "cpu" and only_checks else (),
        stopped=stopped,
    )


def ours_is_asked_for(scene: Scene) -> bool:
    """Whether the run is to check or prove our own kernel."""
    request, ours = scene.request, scene.operator.named(Role.OURS)
    if Stage.CHECK not in request.stages:
        return Stage.PROVE in request.stages
    return any(provider.name in ours for provider in request.providers)
