"""What the compiler makes of the Hopper kernel: registers, spills, and its main loop's cost.

A fast kernel turns slow without a wrong result: by a spill, by serialised wgmma, by one more
instruction per score. These budgets were set from nvcc 13.0; another compiler may need others.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from benchmarks import sass
from remote_payload import build
from tests.kernels.emulated import CSRC

NVCC = shutil.which("nvcc", path=":".join(build.nvcc_places()))
needs_nvcc = pytest.mark.skipif(NVCC is None, reason="nvcc not found")

SERIALISED = ("C7508", "C7510", "C7512", "C7513", "C7515")
REGISTERS = 128  # 65,536 of an SM over 512 threads


@dataclass(frozen=True)
class Budget:
    """Of one trip round the main loop, one key block; exponentials exactly, slots at most."""

    exponentials: int
    issue_slots: int


# Per lane and block: 64 scores of 128 keys, or 32 of 64 keys. One in four FP16 weights at D = 64
# skips the MUFU; online softmax at D = 128 takes two more to rescale two rows.
BUDGETS = {
    ("4Half", 64, False): Budget(48, 400),
    ("4Half", 64, True): Budget(24, 248),
    ("8BFloat16", 64, False): Budget(64, 320),
    ("8BFloat16", 64, True): Budget(32, 200),
    ("4Half", 128, False): Budget(34, 324),
    ("4Half", 128, True): Budget(34, 316),
    ("8BFloat16", 128, False): Budget(34, 324),
    ("8BFloat16", 128, True): Budget(34, 316),
}
KERNEL = re.compile(r"ConfigINS_(4Half|8BFloat16)ELi(64|128)ELb([01])E")


@dataclass(frozen=True)
class Compiled:
    cubin: Path
    log: str

    def listings(self) -> dict[tuple[str, int, bool], sass.Listing]:
        found = {}
        for name, listing in sass.disassemble(self.cubin).items():
            parts = KERNEL.search(name)
            assert parts is not None, name
            found[parts[1], int(parts[2]), parts[3] == "1"] = listing
        return found


@pytest.fixture(scope="module")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> Compiled:
    cubin = tmp_path_factory.mktemp("budgets") / "hopper.cubin"
    unit = CSRC / "attention/hopper/launch.cu"
    flags = ("-O3", "-std=c++17", "-lineinfo", f"-I{CSRC}", "-Xptxas", "-v,--warn-on-spills")
    target = ("-gencode=arch=compute_90a,code=sm_90a", "-cubin", "-o", str(cubin), str(unit))
    done = subprocess.run([str(NVCC), *flags, *target], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return Compiled(cubin, done.stderr)


@pytest.fixture(scope="module")
def listings(compiled: Compiled) -> dict[tuple[str, int, bool], sass.Listing]:
    try:
        return compiled.listings()
    except sass.NoDisassembler as missing:
        pytest.skip(str(missing))


@needs_nvcc
def test_four_warpgroups_fit_the_registers_without_a_spill(compiled: Compiled) -> None:
    spills = re.findall(r"(\d+) bytes spill stores, (\d+) bytes spill loads", compiled.log)
    registers = [int(used) for used in re.findall(r"Used (\d+) registers", compiled.log)]
    assert spills == [("0", "0")] * len(BUDGETS), compiled.log
    assert len(registers) == len(BUDGETS)
    assert max(registers) <= REGISTERS


@needs_nvcc
def test_ptxas_neither_serialises_wgmma_nor_complains(compiled: Compiled) -> None:
    assert not [code for code in SERIALISED if code in compiled.log], compiled.log
    assert "warning" not in compiled.log


@needs_nvcc
@pytest.mark.parametrize("kernel", BUDGETS, ids=lambda kernel: "{}-d{}-{}".format(*kernel))
def test_the_main_loop_keeps_its_budget(
    listings: dict[tuple[str, int, bool], sass.Listing], kernel: tuple[str, int, bool]
) -> None:
    listing, budget = listings[kernel], BUDGETS[kernel]
    for needed in ("HGMMA", "UTMALDG.4D", "UTMASTG.4D"):
        assert sass.count(listing, needed), f"no {needed}"
    for spilled in ("LDL", "STL"):
        offending = [str(one) for one in listing if one.opcode.startswith(spilled)]
        assert not offending, offending[0]
    trip = sass.middle_trip(sass.main_loop(listing))
    assert sass.count(trip, "MUFU.EX2") == budget.exponentials
    text = "\n".join(map(str, trip))
    assert len(trip) <= budget.issue_slots, f"{len(trip)} issue slots:\n{text}"
