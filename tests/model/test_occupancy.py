"""Occupancy against NVIDIA's own calculator, and against what ncu said on real GPUs."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path
from shutil import which

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.errors import UsageError
from orchestrator.performance.bottleneck.occupancy import (
    LIMITS,
    allocated_shared_bytes,
    occupancy,
    waves,
)
from orchestrator.readers.ncu.capture import KernelCapture
from orchestrator.readers.ncu.read import read_file
from tests.ncu.places import needs_samples, samples

# Asks NVIDIA's calculator about one launch per line of its input.
PROGRAM = """
#include <cuda_occupancy.h>
#include <cstdio>
int main() {
    int major, minor, warps, threads, registers, shared, per_sm;
    while (std::scanf("%d %d %d %d %d %d %d", &major, &minor, &warps, &per_sm, &threads,
                      &registers, &shared) == 7) {
        cudaOccDeviceProp gpu;
        gpu.computeMajor = major; gpu.computeMinor = minor;
        gpu.maxThreadsPerBlock = 1024; gpu.maxThreadsPerMultiprocessor = warps * 32;
        gpu.regsPerBlock = gpu.regsPerMultiprocessor = 65536; gpu.warpSize = 32;
        gpu.sharedMemPerBlock = 49152; gpu.sharedMemPerMultiprocessor = per_sm;
        gpu.numSms = 100; gpu.sharedMemPerBlockOptin = per_sm - 1024;
        gpu.reservedSharedMemPerBlock = 1024;
        cudaOccFuncAttributes kernel;
        kernel.maxThreadsPerBlock = 1024; kernel.numRegs = registers; kernel.sharedSizeBytes = 0;
        kernel.partitionedGCConfig = PARTITIONED_GC_OFF;
        kernel.shmemLimitConfig = FUNC_SHMEM_LIMIT_OPTIN;
        kernel.maxDynamicSharedSizeBytes = per_sm - 1024; kernel.numBlockBarriers = 1;
        cudaOccDeviceState state;
        cudaOccResult result;
        auto error = cudaOccMaxActiveBlocksPerMultiprocessor(
            &result, &gpu, &kernel, &state, threads, shared);
        std::printf("%d\\n", error == CUDA_OCC_SUCCESS ? result.activeBlocksPerMultiprocessor : -1);
    }
}
"""
Calculator = Callable[[str], list[int]]


@pytest.fixture(scope="module")
def nvidia(tmp_path_factory: pytest.TempPathFactory) -> Calculator:
    """NVIDIA's calculator: lines of launches in, blocks per SM out."""
    headers = sorted(Path("/usr/local").glob("cuda*/**/cuda_occupancy.h"))
    if not headers or which("g++") is None:
        pytest.skip("needs the CUDA toolkit's headers and a C++ compiler")
    folder = tmp_path_factory.mktemp("calculator")
    (folder / "ask.cpp").write_text(PROGRAM)
    include = f"-I{headers[-1].parent}"
    subprocess.run(["g++", include, str(folder / "ask.cpp"), "-o", str(folder / "ask")], check=True)

    def ask(lines: str) -> list[int]:
        done = subprocess.run(
            [str(folder / "ask")], input=lines, capture_output=True, text=True, check=True
        )
        return [int(line) for line in done.stdout.split()]

    return ask


def test_every_launch_of_a_grid_of_launches_agrees_with_nvidias_calculator(
    nvidia: Calculator,
) -> None:
    cases = [
        (capability, limits, threads, registers, shared)
        for capability, limits in LIMITS.items()
        for threads in (1, 32, 33, 96, 128, 256, 384, 512, 544, 640, 768, 1000, 1024)
        for registers in (1, 16, 22, 32, 40, 56, 64, 65, 96, 104, 128, 168, 232, 240, 255)
        for shared in (0, 1, 127, 1024, 8192, 49152, 66560, 98304, 101376, 166912, 232448)
    ]
    lines = [
        f"{capability.replace('.', ' ')} {limits.warps} {limits.shared_bytes} {threads} "
        f"{registers} {shared}"
        for capability, limits, threads, registers, shared in cases
    ]
    theirs = nvidia("\n".join(lines))
    assert len(theirs) == len(cases)
    for (capability, _, *launch), blocks in zip(cases, theirs, strict=True):
        ours = occupancy(capability, *launch)
        assert (ours.blocks if ours else 0) == max(blocks, 0), (capability, launch)


def _launches() -> list[KernelCapture]:
    found: list[KernelCapture] = []
    for path in samples("ncu-rep/*", "ncu-csv/b200*", "derived-csv/*"):
        try:
            found += read_file(path).captures.kernels
        except UsageError:
            continue  # without the optional package a report cannot be read
    return found


@needs_samples
def test_the_limits_that_ncu_named_on_real_gpus_are_ours() -> None:
    compared = 0
    for one in _launches():
        if one.compute_capability not in LIMITS or one.block is None:
            continue
        registers = one.number("launch__registers_per_thread")
        dynamic = one.number("launch__shared_mem_per_block_dynamic")
        static = one.number("launch__shared_mem_per_block_static")
        limits = [
            one.number(f"launch__occupancy_limit_{what}")
            for what in ("registers", "warps", "blocks", "shared_mem")
        ]
        if registers is None or dynamic is None or static is None or None in limits:
            continue
        threads = one.block[0] * one.block[1] * one.block[2]
        ours = occupancy(one.compute_capability, threads, int(registers), int(dynamic + static))
        assert ours is not None
        assert ours.blocks == min(limit for limit in limits if limit is not None)
        compared += 1
    assert compared >= 4


def test_the_fa3_like_block_of_three_warpgroups_has_one_block_and_a_fifth_of_the_warps() -> None:
    found = occupancy("9.0", threads=512, registers=128, shared_bytes=229376)
    assert found is not None
    assert (found.blocks, found.warps, found.limited_by) == (1, 16, "registers and shared memory")
    assert found.percent == 25


def test_what_no_sm_can_hold_or_what_is_not_listed_has_no_occupancy() -> None:
    assert occupancy("7.5", 128, 64) is None
    assert occupancy("9.0", 1025, 32) is None
    assert occupancy("9.0", 128, 64, LIMITS["9.0"].shared_bytes) is None
    assert occupancy("9.0", 1024, 128) is None
    assert occupancy("9.0", 0, 0) is None


@given(
    st.sampled_from(sorted(LIMITS)),
    st.integers(1, 1024),
    st.integers(1, 255),
    st.integers(0, 232448),
)
def test_what_is_resident_always_fits(
    capability: str, threads: int, registers: int, shared: int
) -> None:
    found, limits = occupancy(capability, threads, registers, shared), LIMITS[capability]
    if found is None:
        return
    assert found.blocks >= 1
    assert found.warps <= limits.warps
    assert found.warps * 32 * registers <= 65536
    assert found.blocks * allocated_shared_bytes(shared) <= limits.shared_bytes


def test_the_last_wave_costs_a_whole_one() -> None:
    # 8192 blocks on 132 SMs, one each: 62.06 waves take 63 (the original report's H=128, Br=128).
    tail = waves(8192, 132, 1)
    assert tail.count == pytest.approx(62.06, abs=0.01)
    assert tail.percent == pytest.approx(98.5, abs=0.1)
    assert waves(133, 132, 1).percent == pytest.approx(50.4, abs=0.1)


def test_a_grid_that_gives_every_sm_a_block_loses_nothing_and_a_smaller_one_its_idle_sms() -> None:
    assert waves(132, 132, 4).percent == 100
    small = waves(66, 132, 1)
    assert (small.idle_sms, small.percent) == (66, 50)
