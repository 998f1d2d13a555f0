"""Reading a disassembly: which loop is the main one, and what its cheapest trip costs."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from benchmarks import sass
from tests.kernels.emulated import CSRC
from tests.kernels.test_hopper_conformance import nvcc

LISTING = """
\t\tFunction : _Z5firstv
        /*0000*/                   MOV R1, c[0x0][0x28] ;         /* 0x00000a0000017a02 */
        /*0010*/                   EXIT ;                         /* 0x000000000000794d */
\t\tFunction : _Z6secondv
        /*0000*/                   MOV R1, c[0x0][0x28] ;         /* 0x00000a0000017a02 */
        /*0010*/                   SYNCS.PHASECHK.TRANS64.TRYWAIT P0, [R21+URZ+0x38000], R20 ;
        /*0020*/              @!P0 BRA 0x10 ;
        /*0030*/                   HGMMA.64x128x16.F32 R24, gdesc[UR8], RZ, !UPT ;
        /*0040*/               @P1 BRA 0x70 ;
        /*0050*/                   FMNMX R3, R24, R25, !PT ;
        /*0060*/                   BRA 0x80 ;
        /*0070*/                   MUFU.EX2 R24, R24 ;
        /*0074*/                   MUFU.EX2 R24, R24 ;
        /*0078*/                   MUFU.EX2 R24, R24 ;
        /*0080*/                   HGMMA.64x64x16.F32 R88, R24, gdesc[UR8].tnspB, R88, gsb0 ;
        /*0090*/               @P2 BRA 0x10 ;
        /*00a0*/                   LDL R2, [R1] ;
        /*00b0*/                   HGMMA.64x64x16.F32 R24, R88, gdesc[UR8], RZ, !UPT ;
        /*00c0*/               @P3 BRA 0xb0 ;
        /*00d0*/                   EXIT ;
        /*00e0*/                   BRA 0xe0;
"""


def test_every_kernel_of_a_listing_is_told_apart() -> None:
    kernels = sass.parse(LISTING)
    assert {name: len(listing) for name, listing in kernels.items()} == {
        "_Z5firstv": 2,
        "_Z6secondv": 17,
    }
    assert sass.main_loop(kernels["_Z5firstv"]) == ()


def test_the_main_loop_is_the_one_with_both_operands_in_shared_memory() -> None:
    loop = sass.main_loop(sass.parse(LISTING)["_Z6secondv"])
    assert (loop[0].address, loop[-1].address) == (0x10, 0x90)


def test_a_middle_trip_leaves_out_what_a_branch_may_skip() -> None:
    trip = sass.middle_trip(sass.main_loop(sass.parse(LISTING)["_Z6secondv"]))
    assert [one.address for one in trip] == [
        *(0x10, 0x20, 0x30, 0x40, 0x70, 0x74, 0x78, 0x80, 0x90)
    ]
    assert sass.count(trip, "MUFU.EX2") == 3
    assert sass.count(trip, "HGMMA") == 2
    assert sass.count(trip, "FMNMX") == 0


def test_a_kernel_is_summed_up_with_or_without_a_loop_that_multiplies() -> None:
    first, second = (sass.summary(code) for code in sass.describe(sass.parse(LISTING)))
    assert first == "_Z5firstv: no loop multiplies matrices; 2 instructions in all"
    assert second == "_Z6secondv: 9 issue slots (HGMMA)\n  BRA 3  MUFU 3  HGMMA 2  SYNCS 1"


def test_a_portable_kernel_is_summed_up_by_its_loop_of_mma_sync(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    one = tmp_path / "portable.cu"
    one.write_text(
        '#include "attention/portable/kernel.cuh"\n'
        "using namespace sparsek;\n"
        "template __global__ void portable::attention_portable<portable::Config<Half, 64, false>>("
        "const AttentionParams);\n"
    )
    options = ("-std=c++17", "-arch=sm_90a", "-I", str(CSRC), "-cubin")
    command = [nvcc(), *options, "-o", str(tmp_path / "portable.cubin"), str(one)]
    subprocess.run(command, check=True)
    sass.main([str(tmp_path / "portable.cubin")])
    slots, pipes = capsys.readouterr().out.splitlines()
    assert slots.endswith(" issue slots (HMMA)")
    assert "HMMA" in pipes


def test_of_two_ways_a_middle_trip_takes_the_one_with_fewer_exponentials() -> None:
    mixed = LISTING.replace("FMNMX R3, R24, R25, !PT", "HFMA2 R3, R24, R25, R3")
    trip = sass.middle_trip(sass.main_loop(sass.parse(mixed)["_Z6secondv"]))
    assert (sass.count(trip, "HFMA2"), sass.count(trip, "MUFU.EX2")) == (1, 0)


def test_without_a_disassembler_the_packages_are_named(tmp_path: Path) -> None:
    with pytest.raises(sass.NoDisassembler, match="pip install nvidia-cuda-cuobjdump"):
        sass.find_tools([str(tmp_path)])
