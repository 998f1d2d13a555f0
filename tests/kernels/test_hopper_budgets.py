"""What the compiler makes of the Hopper kernel: registers, spills, and its main loop's cost.

A fast kernel turns slow without a wrong result: by a spill, by serialised wgmma, by one more
instruction per score. These budgets were set from nvcc 13.0; another compiler may need others.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import pytest

from benchmarks import budgets, program, quarter_model, registers, sass
from remote_payload.machine import toolkit
from tests.kernels.emulated import CSRC

needs_nvcc = pytest.mark.skipif(toolkit.nvcc_program() is None, reason="nvcc not found")

CHOICES = (CSRC / "attention/hopper/choices.h").read_text()
REGISTERS = 128  # 65,536 of an SM over 512 threads


@dataclass(frozen=True)
class Budget:
    """Of one trip round the main loop, one key block; exponentials exactly, slots at most."""

    keys: int
    exponentials: int
    issue_slots: int


# Per lane and block: 64 scores of 128 keys, or 32 of 64 keys. One in four FP16 weights at D = 64
# skips the MUFU; online softmax at D = 128 takes two more to rescale two rows.
BUDGETS = {
    "FP16 D=64": Budget(128, 48, 400),
    "FP16 D=64 causal": Budget(64, 24, 248),
    "BF16 D=64": Budget(128, 64, 320),
    "BF16 D=64 causal": Budget(64, 32, 200),
    "FP16 D=128": Budget(64, 34, 324),
    "FP16 D=128 causal": Budget(64, 34, 316),
    "BF16 D=128": Budget(64, 34, 324),
    "BF16 D=128 causal": Budget(64, 34, 316),
    "FP16 D=64 LeaderLocates": Budget(128, 48, 400),
    "FP16 D=64 SpreadLeaders": Budget(128, 48, 400),
    "FP16 D=64 SplitPv": Budget(128, 48, 408),
    "FP16 D=64 LateQ": Budget(128, 48, 404),
    "FP16 D=64 QFirst": Budget(128, 48, 400),
    "FP16 D=64 Lean": Budget(128, 48, 400),
    "FP16 D=64 Combined": Budget(128, 48, 414),
    "FP16 D=64 Ahead": Budget(64, 24, 248),
    "FP16 D=64 PingPong": Budget(128, 48, 420),
}


@pytest.fixture(scope="module")
def compiled() -> budgets.Compiled:
    try:
        return budgets.compile_kernels()
    except sass.NoDisassembler as missing:
        pytest.skip(str(missing))


@needs_nvcc
def test_every_kernel_has_a_budget(compiled: budgets.Compiled) -> None:
    assert {one.name for one in compiled.kernels} == set(BUDGETS)
    declared = re.search(r"OtherChoices = List<(.*?)>", CHOICES, re.S)
    assert declared is not None
    named = {one.choices for one in compiled.kernels} - {budgets.BASE}
    assert named == set(re.findall(r"\w+", declared[1]))


@needs_nvcc
def test_four_warpgroups_fit_the_registers_without_a_spill(compiled: budgets.Compiled) -> None:
    assert {one.name: one.spill_bytes for one in compiled.kernels if one.spill_bytes} == {}
    assert max(one.registers for one in compiled.kernels) <= REGISTERS


@needs_nvcc
def test_ptxas_neither_serialises_wgmma_nor_complains(compiled: budgets.Compiled) -> None:
    assert {one.name: one.notices for one in compiled.kernels if one.notices} == {}
    assert "warning" not in compiled.log
    assert "(C7" not in compiled.log


@needs_nvcc
@pytest.mark.parametrize("name", BUDGETS)
def test_the_main_loop_keeps_its_budget(compiled: budgets.Compiled, name: str) -> None:
    (kernel,) = (one for one in compiled.kernels if one.name == name)
    for needed in ("HGMMA", "UTMALDG.4D", "UTMASTG.4D"):
        assert sass.count(kernel.listing, needed), f"no {needed}"
    for spilled in ("LDL", "STL"):
        offending = [str(one) for one in kernel.listing if one.opcode.startswith(spilled)]
        assert not offending, offending[0]
    budget, trip = BUDGETS[name], kernel.trip
    assert (kernel.keys, kernel.exponentials) == (budget.keys, budget.exponentials)
    text = "\n".join(map(str, trip))
    assert len(trip) <= budget.issue_slots, f"{len(trip)} issue slots:\n{text}"


@needs_nvcc
def test_the_table_has_a_row_for_every_kernel(compiled: budgets.Compiled) -> None:
    rows = budgets.table(compiled.kernels).splitlines()[2:]
    assert len(rows) == len(BUDGETS)
    assert all(
        row.startswith(f"| {one.name} |") for row, one in zip(rows, compiled.kernels, strict=True)
    )


@needs_nvcc
def test_the_figures_of_the_page_are_those_of_the_compiler_that_it_names(
    compiled: budgets.Compiled,
) -> None:
    page = (CSRC.parent / "docs/kernels/hopper.md").read_text("utf-8")
    named = re.search(r"`python -m benchmarks.budgets` \(nvcc ([\d.]+)", page)
    assert named is not None
    if not registers.release().startswith(f"{named[1]}."):
        pytest.skip(f"the page is of nvcc {named[1]}, here is {registers.release()}")
    for kernel in compiled.kernels:
        block = " per 64 keys" if (kernel.dim, kernel.keys) == (64, 64) else ""
        figures = f"| {kernel.registers} | {{}}{len(kernel.trip)}{block} |"
        if kernel.choices == budgets.BASE:
            row = (
                f"{kernel.name} {figures.format(f'{kernel.spill_bytes} | ')} {kernel.exponentials}"
            )
            spoken = row if kernel.dim == 64 else row.partition(" ")[2]  # both types alike
        else:
            name = re.sub("(?<!^)(?=[A-Z])", "-", kernel.choices).lower()
            spoken = f"{name} {figures.format('')}"
        assert f"\n| {spoken} " in page


@pytest.mark.parametrize(
    ("choice", "known"), [("LATE_Q", program.LATE_Q), ("SPREAD_LEADERS", quarter_model.SPREAD)]
)
def test_the_model_knows_which_variants_make_the_choice(
    choice: str, known: tuple[str, ...]
) -> None:
    variants = re.findall(r"struct (\w+) : Base \{(.*?)\n\};", CHOICES, re.S)
    assert {name for name, body in variants if f"{choice} = true" in body} == set(known)


@needs_nvcc
@pytest.mark.parametrize("leader", [False, True])
@pytest.mark.parametrize("last", [False, True])
def test_the_model_finds_all_products_of_a_pass_in_every_kernel_that_it_predicts(
    compiled: budgets.Compiled, leader: bool, last: bool
) -> None:
    """64 rows by 512 keys by 64 columns, twice, at 4096 operations a clock: 2048 clocks."""
    predicted = [one for one in compiled.kernels if one.name.startswith("FP16 D=64")]
    for kernel in (one for one in predicted if not one.causal):
        steps = program.pass_of(kernel, leader, last)
        assert sum(step.tensor for step in steps) == 2048, kernel.name
