"""A kernel's machine code in figures, and which kernel of ours a profiler's name means."""

from __future__ import annotations

import pytest

from orchestrator.readers.sass import describe, is_kernel, parse

LISTING = """
\t\tFunction : _ZN7sparsek7forwardILi64ELb0EEEvPf
        /*0000*/                   LDL R2, [R1] ;
        /*0010*/                   LDSM.16.M88.4 R4, [R2] ;
        /*0020*/                   HMMA.16816.F32 R8, R4, R6, R8 ;
        /*0030*/                   MUFU.EX2 R9, R8 ;
        /*0040*/                   HMMA.16816.F32 R12, R4, R6, R12 ;
        /*0050*/               @P0 BRA 0x10 ;
        /*0060*/                   STL [R1], R2 ;
        /*0070*/                   STL.64 [R1+0x8], R2 ;
        /*0080*/                   EXIT ;
\t\tFunction : _Z4copyPf
        /*0000*/                   LDG.E R2, [R4] ;
        /*0010*/                   EXIT ;
"""


def test_a_kernel_is_described_by_its_spills_its_tensor_instruction_and_its_loop() -> None:
    forward, copy = describe(parse(LISTING))
    assert (forward.name, forward.tensor, forward.instructions) == ("forward<64, 0>", "HMMA", 9)
    assert (forward.local_loads, forward.local_stores) == (1, 2)
    assert forward.loop == 5
    assert forward.mix[0] == ("HMMA", 2)
    assert dict(forward.mix)["MUFU"] == 1
    assert (copy.tensor, copy.loop, copy.mix) == ("", 0, ())


@pytest.mark.parametrize(
    ("demangled", "same"),
    [
        ("void sparsek::forward<64, false>(float*)", True),
        ("void sparsek::forward<(int)64, (bool)0>(float*)", True),
        ("void sparsek::(anonymous namespace)::forward<64, false>(float*)", True),
        ("void sparsek::forward<64, true>(float*)", False),
        ("void sparsek::forward<128, false>(float*)", False),
        ("void sparsek::backward<64, false>(float*)", False),
        ("void forward(float*)", False),
        ("", False),
    ],
)
def test_a_profilers_name_is_matched_by_function_and_template_arguments(
    demangled: str, same: bool
) -> None:
    assert is_kernel("_ZN7sparsek7forwardILi64ELb0EEEvPf", demangled) is same


def test_kernels_that_differ_in_a_type_alone_are_told_apart() -> None:
    mangled = "_ZN7sparsek6hopper16attention_hopperINS0_6ConfigINS_4HalfELi64ELb0EEEEEvNS0_6ParamsE"
    printed = (
        "void sparsek::hopper::attention_hopper<sparsek::hopper::Config<sparsek::{}, 64, false> >"
        "(sparsek::hopper::Params)"
    )
    assert is_kernel(mangled, printed.format("Half"))
    assert not is_kernel(mangled, printed.format("BFloat16"))


def test_a_plain_function_is_matched_by_its_name() -> None:
    assert is_kernel("_Z4copyPf", "copy(float*)")
    assert not is_kernel("_Z4copyPf", "copy2(float*)")
