"""The bench stage: those that passed their check race; what was taken survives any ending."""

from __future__ import annotations

from dataclasses import replace
from typing import List, Optional

from remote_payload.compiling.emulation import INTERPRETERS
from remote_payload.contract.records import BenchRecord
from remote_payload.contract.request import AT
from remote_payload.contract.words import WATCH, Status
from remote_payload.machine.sharing import threads_beside
from remote_payload.machine.watch.watch import Watch
from remote_payload.processes.isolate import OutOfTime
from remote_payload.stages.bench import bench, cuts
from remote_payload.stages.bench.schedule import methods_on
from remote_payload.stages.check import check
from remote_payload.stages.draft import UNFINISHED
from remote_payload.stages.scene import Outcome, Scene, tell


def act(scene: Scene) -> Outcome:
    """Time all that may be timed."""
    if not scene.passed_any_check:
        return Outcome(Status.FAILED, "no timing before a passed check; ask for check as well")
    if (out := _watched_and_out(scene)) is not None:
        return Outcome(Status.SKIPPED, f"nothing is raced without {out}, which is watched")
    plan = scene.request.bench
    methods = methods_on(scene.device, plan)
    lacking = ", ".join(method.value for method in plan.methods if method not in methods)
    without = f"without the method {lacking}, which needs a CUDA GPU" if lacking else ""
    if not methods:
        return Outcome(Status.FAILED, f"nothing to time by {without}", unfit=True)
    if cut := cuts.of_methods(methods, plan):
        scene.draft.add_cut(cut)
    late = _race(scene)
    bad = [record for record in scene.draft.result.bench if record.status in check.BAD]
    if late is not None:
        return _out_of_time(scene, bad, late)
    fatal = [record for record in bad if scene.decides(record.provider)]
    if fatal:
        return Outcome(Status.FAILED, tell(fatal), ends_run=False, fails_run=True)
    if emulated := _required_and_emulated(scene):
        return Outcome(Status.FAILED, emulated, unfit=True, ends_run=False, fails_run=True)
    told = (without, f"left out: {tell(bad)}" if bad else "")
    return Outcome(Status.OK, "; ".join(part for part in told if part))


def _watched_and_out(scene: Scene) -> Optional[str]:
    """Who failed its check of those that a watch is about: whoever saved wants to hear that now."""
    if scene.request.verb != WATCH:
        return None
    bad = [one.provider for one in scene.draft.result.checks if one.status in check.BAD]
    return next((name for name in bad if AT not in name and scene.decides(name)), None)


def _required_and_emulated(scene: Scene) -> str:
    """Of the first provider asked for by name that only an emulator ran; empty if there is none."""
    checks = scene.draft.result.checks
    record = next((c for c in checks if c.emulated and c.provider in scene.required), None)
    if record is None:
        return ""
    said = f"{record.provider} is emulated here, and an emulated kernel is never timed; "
    said += "choose a host with a GPU"
    names = (name for name, *_ in INTERPRETERS if f"({name})" in record.implementation)
    return said + "".join(f" and leave {name} unset" for name in names)


def _out_of_time(scene: Scene, bad: List[BenchRecord], late: OutOfTime) -> Outcome:
    """What was found wrong before is the graver news; a row that was cut short is no such thing."""
    wrong = [r for r in bad if r.status is Status.FAILED and scene.decides(r.provider)]
    if not wrong:
        return Outcome(Status.TIMEOUT, str(late))
    return Outcome(Status.FAILED, f"{tell(wrong)}; then {late}")


def _threads(scene: Scene) -> Optional[int]:
    """Of torch, in the races; None: as many as it takes by itself."""
    seen = scene.draft.result.machine
    if scene.device != "cpu" or seen is None or seen.torch_threads is None:
        return None
    load = scene.sharing.load()
    threads = threads_beside(load, seen.torch_threads)
    if load is None or threads == seen.torch_threads:
        return None
    scene.draft.note(machine=replace(seen, torch_threads=threads))
    scene.draft.add_cut(cuts.of_threads(threads, seen.torch_threads, load))
    return threads


def _race(scene: Scene) -> Optional[OutOfTime]:
    """Race, and watch the machine meanwhile; OutOfTime, if the time did not suffice."""
    tell = scene.draft.add_cut
    request = replace(scene.request, cases=scene.timed_cases)
    setting = replace(scene.setting(), threads=_threads(scene))
    race = bench.Bench(request, scene.operator, setting, scene.deadline, scene.gpu_state, tell)

    def keep(status: Status = Status.FAILED, why: str = UNFINISHED) -> None:
        scene.draft.note(bench=race.records(status, why))

    with Watch(scene.gpu_name) as watch:
        try:
            race.run(scene.timed_checks, keep)
            end, late = (Status.FAILED, UNFINISHED), None
        except OutOfTime as exc:
            end, late = (Status.TIMEOUT, str(exc)), exc
        except BaseException as exc:
            keep(Status.CANCELLED, str(exc) or type(exc).__name__)
            raise
        scene.draft.note(watched=race.watched(watch))
        keep(*end)
    return late
