"""What ends a run before it begins: one change to a healthy host, and the runs that it concerns."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from orchestrator.doctor.diagnosis import diagnose
from orchestrator.doctor.diagnosis_need import ON_CPU, Fitness, fitness
from orchestrator.values.host_facts import Driver, Facts, Place
from remote_payload.contract.plans import NcuPlan
from remote_payload.contract.request import Provider, Request
from remote_payload.contract.words import Device, Stage
from tests.model.healthy_host import FACTS, GPU, HOST, KIT, REACH, TORCH, WORKSPACE

OURS = (Provider("sdpa"), Provider("sparsek"))
TORCH_ONLY = (Provider("sdpa"),)
STAGES = (Stage.BUILD, Stage.CHECK, Stage.BENCH)
COUNTED = (*STAGES, Stage.NCU)
NO_GPU = replace(FACTS, gpus=(), driver=Driver())
DENIED = replace(
    FACTS,
    driver=replace(FACTS.driver, profiling_admin_only=True),
    system=replace(FACTS.system, capabilities=0),
)
OLD_DRIVER = replace(FACTS, driver=replace(FACTS.driver, version="535.1", cuda="12.2", module=""))
MISNAMED = replace(FACTS, toolkits=(replace(KIT, why="CUDA_HOME", there=False),))
NVCC_13 = replace(OLD_DRIVER, toolkits=(replace(KIT, release="13.0"),))
TORCH_13 = replace(OLD_DRIVER, interpreters=(replace(TORCH, torch_cuda="13.0"),))


def judged(facts: Facts, gpu: int | None = None, **wish: Any) -> Fitness:
    """The fitness of a host that has `facts` for a profile with the usual providers."""
    request = replace(Request("", "", STAGES, (), OURS), **wish)
    return fitness(diagnose(replace(HOST, gpu=gpu), REACH, facts), request)


NOEXEC = replace(FACTS, builds=replace(FACTS.builds, noexec=True))


def place(**changes: Any) -> Facts:
    return replace(FACTS, workspace=replace(WORKSPACE, **changes))


STOPS: list[tuple[str, Facts, dict[str, Any]]] = [
    ("workspace", place(error="EROFS"), {}),
    ("workspace", place(error="ENOSPC"), {"device": Device.CPU, "providers": TORCH_ONLY}),
    ("workspace", NOEXEC, {}),
    ("locks", replace(FACTS, locks=Place("/x", "/x", error="ENOTDIR")), {"device": Device.CPU}),
    ("tmp", replace(FACTS, temporary=replace(FACTS.temporary, error="EROFS")), {}),
    ("python", replace(FACTS, interpreters=(), faults=(("pythons", "it broke"),)), {}),
    ("torch", replace(FACTS, interpreters=(replace(TORCH, torch=""),)), {"device": Device.CPU}),
    ("torch", replace(FACTS, interpreters=(replace(TORCH, torch_cuda=""),)), {}),
    ("nvcc", replace(FACTS, toolkits=()), {}),
    (
        "nvcc",
        replace(FACTS, toolkits=()),
        {"stages": (*STAGES, Stage.PROVE), "providers": TORCH_ONLY},
    ),
    ("nvcc", MISNAMED, {}),
    ("nvcc", MISNAMED, {"device": Device.CPU}),
    ("nvcc", replace(MISNAMED, gpus=(), driver=Driver(), took_s=2.3), {}),
    ("arch", replace(FACTS, toolkits=(replace(KIT, arches=("sm_80",)),)), {}),
    ("cuda", TORCH_13, {"providers": TORCH_ONLY}),
    ("cuda", NVCC_13, {}),
    ("gpu", NO_GPU, {"device": Device.CUDA}),
    ("gpu", NO_GPU, {"gpu": 0}),
    ("gpu", FACTS, {"gpu": 3}),
    ("gpu", NO_GPU, {"stages": COUNTED, "ncu": NcuPlan(required=True)}),
    ("driver", replace(FACTS, driver=replace(FACTS.driver, module="560.1")), {}),
    ("ecc", replace(FACTS, gpus=(replace(GPU, ecc_errors=2),)), {}),
    ("ncu", replace(FACTS, profilers=()), {"stages": COUNTED, "ncu": NcuPlan(required=True)}),
    ("counters", DENIED, {"stages": COUNTED, "ncu": NcuPlan(required=True)}),
]
GOES_ON: list[tuple[str, Facts, dict[str, Any]]] = [
    ("nothing is wrong", FACTS, {}),
    ("a CPU will do", NO_GPU, {}),
    ("a CPU was asked for", NO_GPU, {"device": Device.CPU, "gpu": 0}),
    (
        "a build needs no torch",
        replace(FACTS, interpreters=(replace(TORCH, torch=""),)),
        {"stages": (Stage.BUILD,)},
    ),
    ("our kernel is left out", replace(FACTS, toolkits=()), {"providers": TORCH_ONLY}),
    ("it needs no toolkit", MISNAMED, {"providers": TORCH_ONLY}),
    ("nothing compiled is loaded", NOEXEC, {"providers": TORCH_ONLY}),
    ("the toolkit is not used", NVCC_13, {"providers": TORCH_ONLY}),
    ("small runs fit", place(free_bytes=5_000_000), {}),
    (
        "nvidia-smi may only be slow",
        replace(NO_GPU, silent=("nvidia_smi",), took_s=2.4),
        {"device": Device.CUDA, "gpu": 0},
    ),
    (
        "nvidia-smi broke, torch may not",
        replace(NO_GPU, faults=(("nvidia_smi", "OSError"),)),
        {"device": Device.CUDA},
    ),
    (
        "torch needs no nvidia-smi",
        replace(NO_GPU, driver=Driver(nodes=1, module="570.1")),
        {"device": Device.CUDA},
    ),
    ("nvcc may only be slow", replace(FACTS, toolkits=(), took_s=2.1), {}),
    ("python may only be slow", replace(FACTS, interpreters=(), silent=("pythons",)), {}),
    ("counters are a wish", DENIED, {"stages": COUNTED}),
    ("ncu is a wish", replace(FACTS, profilers=()), {"stages": COUNTED}),
    (
        "a program stands in for ncu",
        NO_GPU,
        {"stages": COUNTED, "ncu": NcuPlan(required=True, any_device=True)},
    ),
    ("others are on the GPU", replace(FACTS, gpus=(replace(GPU, processes=(("x", 1.0),)),)), {}),
]


@pytest.mark.parametrize(("topic", "facts", "wish"), STOPS)
def test_what_a_run_cannot_do_without_stops_it(
    topic: str, facts: Facts, wish: dict[str, Any]
) -> None:
    stop = judged(facts, **wish).stop
    assert stop is not None
    assert stop.topic == topic
    assert stop.mend


@pytest.mark.parametrize(("why", "facts", "wish"), GOES_ON)
def test_what_a_run_can_do_without_does_not_stop_it(
    why: str, facts: Facts, wish: dict[str, Any]
) -> None:
    assert judged(facts, **wish).stop is None, why


def test_a_gpu_that_cannot_be_used_may_be_left_alone_unless_it_was_insisted_on() -> None:
    broken = replace(FACTS, interpreters=(replace(TORCH, torch_cuda=""),))
    by_default, insisted = judged(broken), judged(broken, device=Device.CUDA)
    assert by_default.stop is not None
    assert insisted.stop is not None
    assert by_default.stop.mend == f"{insisted.stop.mend}; {ON_CPU}"
    assert judged(broken, device=Device.CPU).stop is None
    named = judged(MISNAMED).stop
    assert named is not None
    assert ON_CPU not in named.mend


@pytest.mark.parametrize(
    ("facts", "wish", "topics"),
    [
        (FACTS, {}, []),
        (replace(FACTS, gpus=(replace(GPU, temperature_c=95.0),)), {}, ["temperature"]),
        (
            replace(FACTS, gpus=(replace(GPU, temperature_c=95.0),)),
            {"device": Device.CPU},
            [],
        ),
        (NO_GPU, {}, ["gpu"]),
        (place(free_bytes=5_000_000), {}, ["workspace"]),
        (DENIED, {}, []),
        (DENIED, {"stages": COUNTED}, ["counters"]),
        (replace(FACTS, toolkits=()), {"device": Device.CPU}, []),
    ],
)
def test_only_what_concerns_the_run_is_noted(
    facts: Facts, wish: dict[str, Any], topics: list[str]
) -> None:
    assert [note.topic for note in judged(facts, **wish).notes] == topics
