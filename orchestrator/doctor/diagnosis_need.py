"""Which findings end a run before it begins, and which are worth a note; pure.

`doctor` judges a host for every kind of work. One run needs less: a CPU run needs no GPU, a run
without our kernel no compiler. What was only not seen in time ends nothing: the run itself will
tell.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from orchestrator.doctor.diagnosis import Diagnosis
from orchestrator.doctor.diagnosis_software import misnamed, too_new
from orchestrator.doctor.finding import Case, Finding, Level
from remote_payload.contract.facts import Role
from remote_payload.contract.request import Request
from remote_payload.contract.words import Device, Stage
from remote_payload.operators import registry
from remote_payload.stages import declaration

# The agent ends a program after this time (remote_payload/agent/doctor.py). Whoever answered
# sooner has waited for every program, so that what is missing is really not there.
PROGRAM_LIMIT_S = 2.0
ON_CPU = "or run on the CPU: --device cpu"

_OF_GPU = ("gpu", "driver", "idle", "temperature", "ecc", "mig", "throttle", "cuda")
_OF_KERNEL = ("nvcc", "arch")
_OF_COUNTERS = ("ncu", "counters")
_OF_ANY_RUN = ("memory", "workspace", "locks", "tmp", "python", "torch")


@dataclass(frozen=True)
class Fitness:
    """stop: why the run must not begin, None if it may. notes: what to say and go on."""

    stop: Finding | None
    notes: tuple[Finding, ...]


@dataclass(frozen=True)
class Need:
    """What a run needs of its host. insists: on a GPU, come what may; gpu: it will use one.

    kernel: ours is built for it. counters: no hardware counters, no success.
    """

    torch: bool
    insists: bool
    gpu: bool
    kernel: bool
    counters: bool


def fitness(found: Diagnosis, request: Request) -> Fitness:
    """Judge a diagnosis for one run."""
    case = Case(found.host, found.reach, found.facts)
    need = need_of(request, case)
    bad = [one for one in found.findings if one.level is not Level.OK]
    stop = next((one for one in bad if _stops(one, case, need)), None)
    spared = (*_OF_GPU, *_OF_KERNEL, "torch") if need.gpu and not need.insists else ()
    # A toolkit that is named and not there would end a run on the CPU too.
    if stop and stop.topic in spared and not misnamed(case):
        stop = replace(stop, mend=f"{stop.mend}; {ON_CPU}")
    topics = _noted(request, need)
    return Fitness(stop, tuple(one for one in bad if one.topic in topics))


def need_of(request: Request, case: Case) -> Need:
    """AUTO takes a GPU that is there, or that the inventory promises, and else the CPU."""
    declared = declaration.asked(request)
    counters = any(one.insists(request) for one in declared)
    insists = request.device is Device.CUDA or counters
    there = case.gpu is not None or case.host.gpu is not None
    operator = registry.known(request.operator)
    own = operator.facts.named(Role.OURS) if operator else ()
    ours = any(one.kernel and one.always for one in declared) or any(
        one.name in own for one in request.providers
    )
    return Need(
        torch=any(one.torch for one in declared),
        insists=insists,
        gpu=insists or (request.device is Device.AUTO and there),
        kernel=Stage.BUILD in request.stages and ours,
        counters=counters,
    )


def _noted(request: Request, need: Need) -> tuple[str, ...]:
    topics: tuple[str, ...] = _OF_ANY_RUN
    if request.device is not Device.CPU:
        topics += _OF_GPU
    if need.kernel and need.gpu:
        topics += _OF_KERNEL
    return topics + _OF_COUNTERS if Stage.NCU in request.stages else topics


def _stops(finding: Finding, case: Case, need: Need) -> bool:
    rule = _RULES.get(finding.topic)
    return rule is not None and rule(finding, case, need)


def _workspace(_: Finding, case: Case, need: Need) -> bool:
    """Little space is no full disk: small runs fit."""
    place = case.facts.workspace
    return bool(place.error) or (case.facts.of_builds.noexec and need.kernel)


def _locks(finding: Finding, _: Case, __: Need) -> bool:
    """Every job takes them."""
    return finding.level is Level.FAIL


def _temporary(finding: Finding, _: Case, need: Need) -> bool:
    return finding.level is Level.FAIL and need.kernel


def _python(finding: Finding, case: Case, _: Need) -> bool:
    return finding.level is Level.FAIL and "pythons" not in case.facts.silent


def _torch(_: Finding, case: Case, need: Need) -> bool:
    own = case.facts.interpreters[0]
    return need.torch and (need.gpu or not own.torch)


def _nvcc(finding: Finding, case: Case, need: Need) -> bool:
    if finding.level is not Level.FAIL or not need.kernel:
        return False
    return misnamed(case) or (need.gpu and not _hurried(case))


def _arch(_: Finding, __: Case, need: Need) -> bool:
    return need.kernel and need.gpu


def _cuda(_: Finding, case: Case, need: Need) -> bool:
    return need.gpu and (need.kernel or "torch" in too_new(case))


def _gpu(finding: Finding, case: Case, need: Need) -> bool:
    """torch needs no nvidia-smi: where that is missing or slow, torch has the last word."""
    driver = case.facts.driver
    faults = dict(case.facts.faults)
    if "nvidia_smi" in case.facts.silent or "nvidia_smi" in faults:
        return False
    if not driver.smi and (driver.nodes or driver.module):
        return False
    return need.gpu if finding.level is Level.FAIL else need.insists


def _of_gpu(finding: Finding, _: Case, need: Need) -> bool:
    return finding.level is Level.FAIL and need.gpu


def _ncu(_: Finding, case: Case, need: Need) -> bool:
    return need.counters and not _hurried(case)


def _counters(_: Finding, case: Case, need: Need) -> bool:
    facts = case.facts
    refused = facts.driver.profiling_admin_only and not facts.system.may_administer
    return need.counters and bool(refused)


def _hurried(case: Case) -> bool:
    return case.facts.took_s >= PROGRAM_LIMIT_S


_RULES: dict[str, Callable[[Finding, Case, Need], bool]] = {
    "workspace": _workspace,
    "locks": _locks,
    "tmp": _temporary,
    "python": _python,
    "torch": _torch,
    "nvcc": _nvcc,
    "arch": _arch,
    "cuda": _cuda,
    "gpu": _gpu,
    "driver": _of_gpu,
    "ecc": _of_gpu,
    "ncu": _ncu,
    "counters": _counters,
}
