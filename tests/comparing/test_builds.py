"""What compilers say of both runs: an edit that spills does not pass in silence."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from orchestrator.cli.app import run
from orchestrator.readers.ptxas import parse
from orchestrator.readers.sass import MachineCode
from orchestrator.report.comparing.builds import changes
from orchestrator.report.comparing.comparison import Side, compare
from orchestrator.report.comparing.page import first_line, markdown
from orchestrator.report.gates.gate import Answer, Policy
from orchestrator.report.insight import Insight
from remote_payload.contract.machine import Compilation, ProviderBuild
from remote_payload.contract.records import KernelTrace, TraceRecord
from remote_payload.contract.result import Result
from remote_payload.contract.words import Status
from tests import toolkit
from tests.cli.comparing import AGAIN, MADE, NEW_CODE, store
from tests.comparing import runs

# Every value is kept until the last one was read, so that SIZE decides what fits into registers.
SOURCE = """\
__global__ void attend(float* x) {
    float a[SIZE];
#pragma unroll
    for (int i = 0; i < SIZE; ++i) a[i] = x[i * 1024 + threadIdx.x];
#pragma unroll
    for (int i = 0; i < SIZE; ++i) a[i] = a[i] * a[(i * 7 + 1) % SIZE] + x[i];
    __syncthreads();
#pragma unroll
    for (int i = 0; i < SIZE; ++i) x[i * 1024 + threadIdx.x] = a[i] + a[(i * 5 + 3) % SIZE];
}
"""
# What nvcc 13.0 said of it with SIZE 64 and with SIZE 1000, which takes it half a minute.
FITS = """\
ptxas info    : 0 bytes gmem
ptxas info    : Compiling entry function '_Z6attendPf' for 'sm_90a'
ptxas info    : Function properties for _Z6attendPf
    0 bytes stack frame, 0 bytes spill stores, 0 bytes spill loads
ptxas info    : Used 72 registers, used 1 barriers
ptxas info    : Compile time = 53.994 ms
"""
SPILLS = """\
ptxas warning : Registers are spilled to local memory in function '_Z6attendPf', 9328 bytes spill stores, 9720 bytes spill loads
ptxas info    : 0 bytes gmem
ptxas info    : Compiling entry function '_Z6attendPf' for 'sm_90a'
ptxas info    : Function properties for _Z6attendPf
    5016 bytes stack frame, 9328 bytes spill stores, 9720 bytes spill loads
ptxas info    : Used 255 registers, used 1 barriers, 5016 bytes cumulative stack size
ptxas info    : Compile time = 8060.413 ms
"""
REMARK = "ptxas info    : (C7510) Potential Performance Loss: wgmma.mma_async instructions are serialized due to ill formed pipeline stage in the function '_Z6attendPf'\n"
NAMELESS = "_ZN36_GLOBAL__N__338892fe_4_a_cu_537ee4c06attendILi64ELb1EEEvPKfPf"
EDITED = "_ZN36_GLOBAL__N__98fe3321_4_a_cu_1c2ee9ff6attendILi64ELb1EEEvPKfPf"


def built(log: str, result: Result | None = None) -> Result:
    result = result or runs.small()
    assert result.build is not None
    one = Compilation("sm_90a", "nvcc …", Status.OK, 1.0, log)
    return replace(result, build=replace(result.build, compilations=(one,)))


def of_user(*logs: str, provider: str = "mine", result: Result | None = None) -> Result:
    """With a user's own provider, of which the compiler says that."""
    made = (Compilation("sm_90a", "nvcc …", Status.OK, 1.0, log) for log in logs)
    found = tuple(ProviderBuild(provider, one) for one in made)
    result = result or runs.small()
    return replace(result, provider_builds=(*result.provider_builds, *found))


def told(before: str, after: str) -> list[str]:
    found = changes(runs.side(built(before)), runs.side(built(after), runs.NEW))
    return [one.words for one in found]


def test_that_a_spill_is_in_the_first_line_and_in_a_section_of_its_own() -> None:
    found = runs.compared(built(FITS), built(SPILLS))
    assert first_line(found) == (
        "SPILLS: attend (sm_90a): bytes of spill stores 0 before, 9328 now, and 1 more. "
        "Same device, driver, clocks and cases."
    )
    page = markdown(found)
    number = page.count("| sm_90a |")
    assert f"<summary>What the compiler says else: {number} lines</summary>" in page
    assert "| sm_90a | attend | bytes of spill stores | 0 | 9328 | SPILLS |" in page
    assert "| sm_90a | attend | bytes of stack | 0 | 5016 | worse |" in page
    assert "| sm_90a | attend | registers | 72 | 255 |  |" in page


def test_that_nothing_is_said_of_builds_that_are_alike() -> None:
    assert told(SPILLS, SPILLS) == []
    assert "What the compiler says" not in markdown(runs.compared(built(FITS), built(FITS)))


def test_that_a_spill_that_is_gone_is_no_worse() -> None:
    found = runs.compared(built(SPILLS), built(FITS))
    assert not [one for one in found.changes if one.spills or one.worse]
    assert first_line(found) == "Same device, driver, clocks and cases."
    assert "| sm_90a | attend | bytes of spill stores | 9328 | 0 |  |" in markdown(found)


def test_that_a_spill_leaves_the_gate_open_unless_every_row_is_decided() -> None:
    fits = [replace(one, result=built(FITS, one.result)) for one in runs.earlier()]
    known = runs.compared(built(FITS), built(SPILLS), fits)
    assert known.ruling(Policy()).answer is Answer.PASSED
    unknown = built(SPILLS)
    (first, *rest) = (r for r in unknown.bench if r.provider == "sparsek")
    bench = tuple(replace(r, starts=()) if r == first else r for r in unknown.bench)
    ruling = runs.compared(built(FITS), replace(unknown, bench=bench), fits).ruling(Policy())
    assert ruling.answer is Answer.UNDECIDED
    assert "a kernel spills more than before, and not all its rows are decided" in ruling.undecided
    assert rest


def test_that_the_name_nvcc_gives_to_what_has_no_namespace_is_the_same_after_an_edit() -> None:
    before = FITS.replace("_Z6attendPf", NAMELESS)
    assert told(before, SPILLS.replace("_Z6attendPf", EDITED))[0] == (
        "attend<64, 1> (sm_90a): bytes of spill stores 0 before, 9328 now"
    )


def test_that_a_new_kernel_that_spills_is_a_spill_and_one_that_went_is_told() -> None:
    other = SPILLS.replace("_Z6attendPf", "_Z7forwardPf")
    assert told(FITS, other) == [
        "forward (sm_90a): bytes of spill stores 0 before, 9328 now",
        "forward (sm_90a): bytes of spill loads 0 before, 9720 now",
        "forward (sm_90a): kernel — before, new now",
        "attend (sm_90a): kernel there before, gone now",
    ]


def test_that_a_new_remark_of_the_compiler_is_worse_and_one_that_went_is_not() -> None:
    (one,) = changes(runs.side(built(FITS)), runs.side(built(REMARK + FITS)))
    assert one.worse
    assert one.after.startswith("C7510 Potential Performance Loss")
    (gone,) = changes(runs.side(built(REMARK + FITS)), runs.side(built(FITS)))
    assert not gone.worse


def test_that_the_machine_code_tells_of_local_memory_and_of_the_loops_mix() -> None:
    was = MachineCode("_Z6attendPf", 800, 0, 0, "HGMMA", 120, (("FFMA", 60), ("MUFU", 16)))
    now = MachineCode("_Z6attendPf", 950, 40, 38, "HMMA", 150, (("FFMA", 90), ("LDL", 4)))
    found = changes(
        runs.side(runs.small(), insight=Insight(machine_code=(was,))),
        runs.side(runs.small(), insight=Insight(machine_code=(now,))),
    )
    figures = {one.what: (one.before, one.after, one.spills) for one in found}
    assert figures == {
        "stores to local memory": ("0", "38", True),
        "loads from local memory": ("0", "40", True),
        "instructions": ("800", "950", False),
        "products by": ("HGMMA", "HMMA", False),
        "issue slots of its loop": ("120", "150", False),
        "loop": ("60 FFMA, 16 MUFU, 0 LDL", "90 FFMA, 0 MUFU, 4 LDL", False),
    }


def test_that_what_a_users_kernel_takes_is_compared_as_it_was_launched() -> None:
    def traced(registers: int) -> Result:
        kernel = KernelTrace("mine", 5.0, registers=registers, shared_bytes=1024)
        of = runs.small().bench[0].case
        return replace(
            runs.small(), traces=(TraceRecord("mine", of, Status.OK, kernels=(kernel,)),)
        )

    (one,) = changes(runs.side(traced(64)), runs.side(traced(168)))
    assert one.words == "mine (launched by mine): registers 64 before, 168 now"


def test_that_a_users_file_that_spills_is_told_by_its_providers_name() -> None:
    found = runs.compared(of_user(FITS), of_user(SPILLS))
    assert first_line(found).startswith(
        "SPILLS: attend (mine, sm_90a): bytes of spill stores 0 before, 9328 now, and 1 more. "
    )
    assert "| mine, sm_90a | attend | registers | 72 | 255 |  |" in markdown(found)
    ruling = found.ruling(Policy())
    assert ruling.answer is Answer.UNDECIDED, "it was compiled, and not timed"
    assert "a kernel spills more than before, and was not timed: attend (mine" in ruling.undecided
    assert not runs.compared(of_user(SPILLS), of_user(SPILLS)).changes
    assert not runs.compared(of_user(FITS, provider="other"), of_user(SPILLS)).changes


def test_that_a_users_spill_is_about_the_rows_of_that_provider_alone() -> None:
    fits = [replace(one, result=of_user(FITS, result=one.result)) for one in runs.earlier()]
    unknown = of_user(SPILLS)
    (first, *_) = (r for r in unknown.bench if r.provider == "sparsek")
    bench = tuple(replace(r, starts=()) if r == first else r for r in unknown.bench)
    ruling = runs.compared(of_user(FITS), replace(unknown, bench=bench), fits).ruling(Policy())
    (why,) = ruling.reasons
    assert why.startswith("a kernel spills more than before, and was not timed")
    assert [row.provider for row in ruling.open_rows] == ["sparsek"]
    assert not any(row.spills for row in ruling.open_rows)


def test_that_of_kernels_that_share_a_name_the_one_that_spills_counts() -> None:
    """A kernel whose types are all macros is compiled for each element type under one name."""
    for logs in ((FITS, SPILLS), (SPILLS, FITS)):
        (first, *_) = runs.compared(of_user(FITS, FITS), of_user(*logs)).changes
        assert first.spills


@pytest.mark.skipif(not toolkit.is_here(), reason=toolkit.WITHOUT)
def test_that_an_edit_which_spills_is_caught_from_what_the_compiler_really_says(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    logs = [compiled(tmp_path, size) for size in (64, 300)]
    assert [kernel.spill_store_bytes > 0 for log in logs for kernel in parse(log).kernels] == [
        False,
        True,
    ]
    store(tmp_path, MADE, built(logs[0]))
    store(tmp_path, AGAIN, built(logs[1]), NEW_CODE)
    arguments = ["--runs", str(tmp_path / "runs"), "compare", MADE, AGAIN, "--fail-on-regression"]
    assert run(arguments) == 6
    first = capsys.readouterr().out.splitlines()[2]
    assert first.startswith("SPILLS: attend (sm_90a): bytes of spill stores 0")


def compiled(folder: Path, size: int) -> str:
    """All that nvcc says of SOURCE."""
    source = folder / "attend.cu"
    source.write_text(SOURCE)
    command = [str(toolkit.REAL / "bin" / "nvcc"), "-arch=sm_90a", "-cubin", f"-DSIZE={size}"]
    command += ["-Xptxas", "-v,--warn-on-spills", "-o", str(folder / "attend.cubin"), str(source)]
    ended = subprocess.run(command, capture_output=True, text=True, check=True)
    return ended.stdout + ended.stderr


def test_that_two_runs_which_only_built_are_compared_by_what_the_compiler_said() -> None:
    def alone(log: str) -> Result:
        return replace(built(log), bench=(), checks=())

    found = compare(Side(runs.stored(alone(FITS))), Side(runs.stored(alone(SPILLS), runs.NEW)))
    ruling = found.ruling(Policy())
    assert ruling.answer is Answer.UNDECIDED
    assert "a kernel spills more than before, and was not timed: attend" in ruling.undecided
