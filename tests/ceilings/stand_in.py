"""A real program in the place of cutlass_profiler, and a checkout that CMake builds it from.

The rows have the columns that CUTLASS 4.x prints (performance_report.cpp), by hand: SYNTHETIC, no
figure in them was ever measured.
"""

from __future__ import annotations

import sys
from enum import Enum
from pathlib import Path

HEADER = (
    "Problem,Provider,OperationKind,Operation,Disposition,Status,gemm_kind,m,n,k,A,B,C,D,alpha,beta,"
    "split_k_mode,split_k_slices,batch_count,raster_order,runtime_input_datatype_a,"
    "runtime_input_datatype_b,use_pdl,enable_sm90_mixed_dtype_shuffle_test,swizzle_size,op_class,"
    "accum,cta_m,cta_n,cta_k,cluster_m,cluster_n,cluster_k,cluster_m_fallback,cluster_n_fallback,"
    "cluster_k_fallback,stages,warps_m,warps_n,warps_k,inst_m,inst_n,inst_k,min_cc,max_cc,Bytes,"
    "Flops,Flops/Byte,Runtime,GB/s,GFLOPs"
)
SIZE = 4096
VERSION = "CUTLASS 4.7.0 built on Nov 20 2026 at 10:11:12"
KERNEL = {
    "f16": "cutlass3x_sm90_tensorop_gemm_f16_f16_f32_f16_f16_128x256x64_2x1x1_0_tnn_align8"
    "_warpspecialized_cooperative_epi_tma",
    "e4m3": "cutlass3x_sm90_tensorop_gemm_e4m3_e4m3_f32_bf16_bf16_128x256x128_2x1x1_0_tnn_align16"
    "_warpspecialized_cooperative_fp8_fastaccum_epi_tma",
}


def row(
    element: str = "f16",
    runtime_ms: float = 0.2,
    disposition: str = "passed",
    status: str = "success",
    size: int = SIZE,
) -> str:
    """One row, its figures as the profiler computes and prints them; empty rates if it failed."""
    flops = 2 * size**3 + 2 * size**2
    moved = 6 * size**2
    rates = ","
    if runtime_ms > 0:
        rates = f"{moved / 2**30 / runtime_ms * 1e3:.6g},{flops / runtime_ms / 1e6:.6g}"
    tile = "128,256,64" if element == "f16" else "128,256,128"
    return (
        f"1,CUTLASS,gemm,{KERNEL[element]},{disposition},{status},universal,{size},{size},{size},"
        f"{element}:row,{element}:column,f16:column,f16:column,1,0,serial,1,1,heuristic,invalid,"
        f"invalid,false,false,1,tensorop,f32,{tile},2,1,1,0,0,0,4,4,1,1,64,256,16,90,90,"
        f"{moved},{flops},{flops // moved},{runtime_ms:.6g},{rates}"
    )


class Mood(str, Enum):
    """What becomes of a run."""

    FINE = "fine"
    NO_KERNELS = "no kernels"
    CRASHES = "crashes"
    HANGS = "hangs"
    UNVERIFIED = "unverified"


_PROGRAM = """#!{python} -IS
import os, subprocess, sys, time

words = dict(word.lstrip("-").partition("=")[::2] for word in sys.argv[1:])
if "version" in words:
    print({version!r})
    sys.exit(0)
element = words["A"].partition(":")[0]
mood = {mood!r}
with open(words["output"] + ".gemm.csv", "w") as table:
    table.write({header!r} + "\\n")
    if mood == "no kernels":
        sys.exit(0)
    table.write({rows!r}[element] + "\\n")
    table.flush()
    print("        Provider: CUTLASS\\n   OperationKind: gemm", flush=True)
    if mood == "crashes":
        print("Got cuda error 700 (an illegal memory access was encountered)", flush=True)
        os.abort()
    if mood == "hangs":
        subprocess.Popen(["sleep", "300"])
        time.sleep(300)
print("Wrote results to '" + words["output"] + ".gemm.csv'")
"""


def source(mood: Mood) -> str:
    """The program's text."""
    how = ("not_verified", "success") if mood is Mood.UNVERIFIED else ("passed", "success")
    rows = {name: row(name, time, *how) for name, time in (("f16", 0.2), ("e4m3", 0.11))}
    return _PROGRAM.format(
        python=sys.executable, version=VERSION, header=HEADER, rows=rows, mood=mood.value
    )


def install(folder: Path, mood: Mood) -> Path:
    """Put a program `cutlass_profiler` into `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    program = folder / "cutlass_profiler"
    program.write_text(source(mood))
    program.chmod(0o755)
    return program


_CMAKE = """cmake_minimum_required(VERSION 3.13)
project(stand_in NONE)
file(WRITE ${CMAKE_BINARY_DIR}/kernels.txt "${CUTLASS_NVCC_ARCHS} ${CUTLASS_LIBRARY_KERNELS}")
add_custom_target(cutlass_profiler
  COMMAND %s
  COMMAND ${CMAKE_COMMAND} -E make_directory ${CMAKE_BINARY_DIR}/tools/profiler
  COMMAND ${CMAKE_COMMAND} -E copy ${CMAKE_SOURCE_DIR}/program ${CMAKE_BINARY_DIR}/tools/profiler/cutlass_profiler
  COMMAND ${CMAKE_COMMAND} -E echo built >> ${CMAKE_SOURCE_DIR}/../times_built)
"""


def checkout(folder: Path, first: str = "${CMAKE_COMMAND} -E echo compiling") -> Path:
    """A checkout whose target cutlass_profiler gives the stand-in. first: what its build does."""
    folder.mkdir(parents=True)
    (folder / "CMakeLists.txt").write_text(_CMAKE % first)
    program = folder / "program"
    program.write_text(source(Mood.FINE))
    program.chmod(0o755)
    return folder
