"""A failed compile is told by the sentence that names its cause, whichever program said it."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from remote_payload.contract.tools import compiler_words
from remote_payload.contract.tools.compiler_words import cause, error, missing_header, placed
from remote_payload.machine import toolkit

LINKED = """\
ptxas info    : Used 24 registers, used 0 barriers
/usr/bin/ld: /tmp/tmpxft_00000a55_00000000-11_und.o: in function `main':
tmpxft_00000a55_00000000-6_und.cudafe1.cpp:(.text+0x33): undefined reference to `missing()'
collect2: error: ld returned 1 exit status
"""
OOM = "most likely the host ran out of memory"


@pytest.mark.parametrize(
    ("log", "said"),
    [
        (LINKED, "undefined reference to `missing()'"),
        ("/usr/bin/ld: cannot find -lcudart_static: No such file or directory\ncollect2: error: ld returned 1 exit status", "/usr/bin/ld: cannot find -lcudart_static: No such file or directory"),
        ("/usr/bin/ld: a.o: relocation R_X86_64_PC32 against symbol `x' can not be used when making a shared object; recompile with -fPIC\n/usr/bin/ld: final link failed: bad value\ncollect2: error: ld returned 1 exit status", "/usr/bin/ld: a.o: relocation R_X86_64_PC32 against symbol `x' can not be used when making a shared object; recompile with -fPIC"),
        ("/usr/bin/ld: b.o: in function `f':\nb.cu:(.text+0x0): multiple definition of `f'; a.o:a.cu:(.text+0x0): first defined here\ncollect2: error: ld returned 1 exit status", "b.cu:(.text+0x0): multiple definition of `f'; a.o:a.cu:(.text+0x0): first defined here"),
        ("ld.lld: error: undefined symbol: f()\n>>> referenced by a.cu\ncollect2: error: ld returned 1 exit status", "ld.lld: error: undefined symbol: f()"),
        ("nvlink error   : Undefined reference to '_Z1fv' in 'a.o' (target: sm_90a)", "nvlink error   : Undefined reference to '_Z1fv' in 'a.o' (target: sm_90a)"),
        ("nvlink fatal   : Could not open input file 'a.o'", "nvlink fatal   : Could not open input file 'a.o'"),
        ("ptxas a.ptx, line 9; error   : Arguments mismatch for instruction 'mov'\nptxas fatal   : Ptx assembly aborted due to errors", "ptxas a.ptx, line 9; error   : Arguments mismatch for instruction 'mov'"),
        ("ptxas fatal   : (C7600) Register allocation failed", "ptxas fatal   : (C7600) Register allocation failed"),
        ("nvcc fatal   : Unsupported gpu architecture 'compute_120'", "nvcc fatal   : Unsupported gpu architecture 'compute_120'"),
        ("nvcc fatal   : Host compiler targets unsupported OS.", "nvcc fatal   : Host compiler targets unsupported OS."),
        ("/usr/local/cuda/include/crt/host_config.h:143:2: error: #error -- unsupported GNU version! gcc versions later than 13 are not supported!\n  143 | #error -- unsupported\ncompilation terminated.", "/usr/local/cuda/include/crt/host_config.h:143:2: error: #error -- unsupported GNU version! gcc versions later than 13 are not supported!"),
        ("c++: fatal error: cannot execute 'cc1plus': execvp: No such file or directory\ncompilation terminated.", "c++: fatal error: cannot execute 'cc1plus': execvp: No such file or directory"),
        ("/nope/g++: No such file or directory\nnvcc fatal   : Failed to preprocess host compiler properties.", "/nope/g++: No such file or directory"),
        ("nvcc fatal   : Failed to preprocess host compiler properties.", "nvcc fatal   : Failed to preprocess host compiler properties."),
        ("nvcc fatal   : Failed to preprocess host compiler properties.\nerror: b.cu was not compiled, for a.cu failed for sm_80", "nvcc fatal   : Failed to preprocess host compiler properties."),
        ("gcc: No such file or directory\nnvcc fatal   : Failed to preprocess host compiler properties.\nerror: b.cu was not compiled, for a.cu failed for sm_80", "gcc: No such file or directory"),
        ("sh: 1: ptxas: not found\n# --error 0x7f --", "sh: 1: ptxas: not found"),
        ("sh: line 1: /opt/x/ptxas: Permission denied", "sh: line 1: /opt/x/ptxas: Permission denied"),
        ("/usr/bin/ld: required symbol `x' not defined\ncollect2: error: ld returned 1 exit status", "/usr/bin/ld: required symbol `x' not defined"),
        ("x86_64-linux-gnu-ld: unrecognised emulation mode: 32elf\ncollect2: error: ld returned 1 exit status", "x86_64-linux-gnu-ld: unrecognised emulation mode: 32elf"),
        ("/usr/bin/ld: warning: x.o: missing .note.GNU-stack\n/usr/bin/ld: a.o: in function `f':\na.cu:(.text+0x1): undefined reference to `g'\ncollect2: error: ld returned 1 exit status", "a.cu:(.text+0x1): undefined reference to `g'"),
        ("sh: 1: cicc: not found\nnvcc error   : 'cicc' died due to signal 9 (Kill signal)", f"nvcc error   : 'cicc' died due to signal 9 (Kill signal) ({OOM})"),
        ("cicc: Killed", f"cicc: Killed ({OOM})"),
        ("g++: fatal error: Killed signal terminated program cc1plus\ncompilation terminated.", f"g++: fatal error: Killed signal terminated program cc1plus ({OOM})"),
        ("a.cu(3): warning #177-D: variable was declared\nvirtual memory exhausted: Cannot allocate memory", f"virtual memory exhausted: Cannot allocate memory ({OOM})"),
        ("a.cu(1): error: cannot write\nfatal error: error writing to /tmp/x.s: No space left on device", "fatal error: error writing to /tmp/x.s: No space left on device"),
        ("a.cu(3): error: identifier \"x\" is undefined\n\n1 error detected in the compilation of \"a.cu\".", 'a.cu(3): error: identifier "x" is undefined'),
        ("a.cu(7): error #20: identifier \"y\" is undefined", 'a.cu(7): error #20: identifier "y" is undefined'),
        ("/tmp/x.s: Assembler messages:\n/tmp/x.s:12: Error: no such instruction: `foo'", "/tmp/x.s:12: Error: no such instruction: `foo'"),
        ("a.cu: In function f:\na.cu:4:3: note: error: is not one\na.cu:5:3: error: real", "a.cu:5:3: error: real"),
        ("a.cu(1): error: Killed is no member of error", "a.cu(1): error: Killed is no member of error"),
        ("ptxas info    : Compiling entry function 'error' for 'sm_90a'\na.cu(2): warning #1: fatal: harmless\nSegmentation fault", "Segmentation fault"),
        ("collect2: error: ld returned 1 exit status", "collect2: error: ld returned 1 exit status"),
        ("", ""),
    ],
)  # fmt: skip
def test_the_cause_is_the_sentence_of_whoever_knows_it(log: str, said: str) -> None:
    assert cause(log) == said


def test_a_log_without_an_error_has_none() -> None:
    assert error("ptxas info    : Used 24 registers\na.cu(2): warning #1: error: perhaps") == ""
    assert error(LINKED) == "undefined reference to `missing()'"


def test_a_place_is_written_as_editors_read_it() -> None:
    assert placed("csrc/a.cuh(12): error: x") == "csrc/a.cuh:12: error: x"
    assert placed("/usr/bin/ld: cannot find -lx") == "/usr/bin/ld: cannot find -lx"


@pytest.mark.parametrize(
    ("log", "header"),
    [
        ("csrc/a.cu:1:10: fatal error: cutlass/cutlass.h: No such file or directory", "cutlass/cutlass.h"),
        ("In file included from csrc/a.cu:3:\ncsrc/b.cuh:1:10: fatal error: x.hpp: No such file or directory\n", "x.hpp"),
        ('csrc/a.cu(1): catastrophic error: cannot open source file "x.h"', "x.h"),
        ("csrc/a.cu:1:10: fatal error: 'x.h' file not found", "x.h"),
        ("c++: fatal error: cannot execute 'cc1plus': execvp: No such file or directory", ""),
        (LINKED, ""),
    ],
)  # fmt: skip
def test_a_header_that_is_missing_is_known_as_it_was_included(log: str, header: str) -> None:
    assert missing_header(log) == header


@pytest.mark.skipif(toolkit.nvcc_program() is None, reason="nvcc not found")
@pytest.mark.parametrize(
    ("source", "flags", "said"),
    [
        ("int missing(); int main() { return missing(); }", (), "undefined reference to `missing()'"),
        ("int main() { return 0; }", ("-lnowhere",), "cannot find -lnowhere"),
        ("#include <nowhere/x.h>\n", (), "nowhere/x.h: No such file or directory"),
        ("__device__ int f(); __global__ void k(int* x) { *x = f(); } int main() {}", ("-rdc=true",), "Undefined reference to '_Z1fv'"),
    ],
)  # fmt: skip
def test_the_real_nvcc_is_understood(
    tmp_path: Path, source: str, flags: tuple[str, ...], said: str
) -> None:
    (tmp_path / "a.cu").write_text(source)
    command = [str(toolkit.nvcc_program()), "-arch=sm_80", "a.cu", *flags, "-o", "a"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode != 0
    why = compiler_words.cause(done.stdout + done.stderr)
    assert said in why
    assert "collect2" not in why
