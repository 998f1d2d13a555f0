"""Logs of nvcc -Xptxas -v, our own small ones and real ones where they are at hand."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.readers.ptxas import Notice, first_error, parse, short_name

# nvcc 13.0 on a ten-line file, made for this test with -maxrregcount 24.
LOG = """\
ptxas info    : Overriding maximum register limit 256 for '_ZN7sparsek7forwardINS_3Big4TileILi64ELi128EEELi64EEEvT_Pf' with  24 of maxrregcount option
ptxas info    : 0 bytes gmem
ptxas info    : Compiling entry function '_ZN7sparsek7forwardINS_3Big4TileILi64ELi128EEELi64EEEvT_Pf' for 'sm_90a'
ptxas info    : Function properties for _ZN7sparsek7forwardINS_3Big4TileILi64ELi128EEELi64EEEvT_Pf
    0 bytes stack frame, 0 bytes spill stores, 0 bytes spill loads
ptxas info    : Used 10 registers, used 1 barriers, 1024 bytes smem
ptxas info    : Compile time = 17.464 ms
ptxas info    : Compiling entry function '_ZN36_GLOBAL__N__338892fe_4_a_cu_537ee4c06attendILi64ELb1EEEvPKfPf' for 'sm_90a'
ptxas info    : Function properties for _ZN36_GLOBAL__N__338892fe_4_a_cu_537ee4c06attendILi64ELb1EEEvPKfPf
    256 bytes stack frame, 12 bytes spill stores, 16 bytes spill loads
ptxas info    : Function properties for __internal_helper
    99 bytes stack frame, 99 bytes spill stores, 99 bytes spill loads
ptxas info    : Used 24 registers, used 0 barriers, 256 bytes cumulative stack size
"""
SAMPLES = Path(__file__).parents[3] / "shared" / "samples" / "ptxas"
needs_samples = pytest.mark.skipif(not SAMPLES.is_dir(), reason="no collected compiler logs here")


def test_each_kernel_has_its_own_resources() -> None:
    forward, attend = parse(LOG).kernels
    assert (forward.arch, forward.registers, forward.smem_bytes, forward.barriers) == (
        "sm_90a",
        10,
        1024,
        1,
    )
    assert (attend.registers, attend.spill_store_bytes, attend.spill_load_bytes) == (24, 12, 16)
    assert attend.stack_bytes == 256


def test_names_lose_namespaces_and_keep_the_numbers_that_tell_variants_apart() -> None:
    assert [kernel.name for kernel in parse(LOG).kernels] == ["forward<64>", "attend<64, 1>"]


@pytest.mark.parametrize(
    ("mangled", "name"),
    [
        ("_Z6attendPKf", "attend"),
        ("plain_c", "plain_c"),
        ("_ZN4core6kernelILi16ELi64ELb0EEEvv", "kernel<16, 64, 0>"),
        ("_Z1fIN4deep4TypeILi7EEELi3EEvv", "f<3>"),
        ("_Z4attnI6TraitsILi64ELi128EEEvPf", "attn<64, 128>"),
        ("_Z4attnI6__halfLi64EEvPf", "attn<__half, 64>"),
        (
            "_ZN1a4attnINS_6ConfigINS_4HalfELi64ELb0EEEEEvNS_6ParamsE",
            "attn<Half, 64, 0>",
        ),
        ("_Z", "_Z"),
        ("x" * 80, "x" * 59 + "…"),
    ],
)
def test_mangled_names_are_shortened_sensibly(mangled: str, name: str) -> None:
    assert short_name(mangled) == name


@given(st.text(alphabet="_ZNILEb0123456789abcST", max_size=40))
def test_no_mangled_name_is_too_strange(mangled: str) -> None:
    assert len(short_name(mangled)) <= 60


def test_serialised_wgmma_is_noticed_once_with_its_kernel() -> None:
    line = (
        "ptxas info    : (C7510) Potential Performance Loss: wgmma.mma_async instructions are "
        "serialized due to ill formed pipeline stage in the function '_Z4attnILi64EEvv'\n"
    )
    assert parse(line + LOG + line).notices == (
        Notice(
            "C7510",
            "Potential Performance Loss: wgmma.mma_async instructions are serialized due to ill "
            "formed pipeline stage",
            "attn<64>",
            "_Z4attnILi64EEvv",
        ),
    )


def wide(last: int) -> str:
    """A kernel with so many template arguments that its short name is cut."""
    arguments = "".join(f"ELi{1000 + i}" for i in range(14))
    return f"_Z7forwardI{arguments[1:]}ELi{last}EEvv"


def said_of(mangled: str, registers: int) -> str:
    return (
        f"ptxas info    : Compiling entry function '{mangled}' for 'sm_90a'\n"
        f"ptxas info    : Used {registers} registers, used 1 barriers\n"
    )


def serialised(mangled: str) -> str:
    return (
        "ptxas info    : (C7511) Potential Performance Loss: wgmma.mma_async instructions are "
        f"serialized due to insufficient register resources in the function '{mangled}'\n"
    )


def test_notices_on_two_kernels_whose_names_are_cut_are_both_kept() -> None:
    log = serialised(wide(64)) + serialised(wide(128)) + said_of(wide(64), 168)
    assert [one.mangled for one in parse(log).notices] == [wide(64), wide(128)]


def test_a_notice_belongs_to_the_kernel_of_its_whole_name() -> None:
    found = parse(serialised(wide(64)) + said_of(wide(64), 168) + said_of(wide(128), 96))
    (notice,) = found.notices
    assert [kernel.registers for kernel in found.kernels if kernel.mangled == notice.mangled] == [
        168
    ]


def test_a_cut_name_keeps_the_last_argument_in_which_variants_differ() -> None:
    names = [short_name(wide(last)) for last in (64, 128)]
    assert names[0].startswith("forward<1000, 1001, ")
    assert [name.rpartition("…, ")[2] for name in names] == ["64>", "128>"]


@pytest.mark.parametrize(
    ("log", "error"),
    [
        ("", ""),
        (LOG, ""),
        (
            'a.cu(3): error: identifier "x" is undefined\n1 error detected',
            'a.cu(3): error: identifier "x" is undefined',
        ),
        (
            "nvcc fatal   : Unsupported gpu architecture 'sm_1'",
            "nvcc fatal   : Unsupported gpu architecture 'sm_1'",
        ),
        ("0 errors\nptxas fatal   : Ptx assembly aborted", "ptxas fatal   : Ptx assembly aborted"),
    ],
)
def test_the_first_error_is_the_compilers_own_line(log: str, error: str) -> None:
    assert first_error(log) == error


@needs_samples
def test_a_real_sm_89_log_is_read_in_full() -> None:
    found = parse((SAMPLES / "ptxas_v3_sm89.txt").read_text())
    assert len(found.kernels) == 5
    assert found.kernels[0].name == "flash_attention_s512_v3_kernel<16, 64, 64, 4, 2, 1, 1>"
    assert (found.kernels[0].registers, found.kernels[0].stack_bytes) == (111, 800)


@needs_samples
def test_a_real_sm_90a_log_gives_its_serialisation_notices_and_its_failure() -> None:
    found = parse((SAMPLES / "sm90a_fmha_pipelined_results7.err").read_text())
    assert len(found.kernels) == 108
    assert {notice.code for notice in found.notices} == {"C7511", "C7515"}
    assert found.error.startswith("ptxas fatal   : (C7600) Register allocation failed")
