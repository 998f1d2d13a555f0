"""The variants' own lines are only proven if breaking them is noticed."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import torch
from blackwell_sparsek import library

from tests.kernels.emulated import (
    CSRC,
    EmulatedLibrary,
    compile_host,
    normal,
    reference,
    worst,
)

FOLDER = "attention/hopper"
UNITS = {"ahead": "ahead.cu", "ping-pong": "ping_pong.cu"}  # of the others: variants.cu
SEEDS = 16
MUTANTS = [
    ("split-pv", "split_pv.cuh", "STEPS / 2, STEPS>(o", "0, STEPS / 2>(o"),
    ("split-pv", "split_pv.cuh", "  finish_pv<Config>(o);\n", ""),
    ("late-q", "kernel.cuh", "|| row >= schedule.seq", ""),
    ("lean", "ring.cuh", "stage += step", "stage += 1"),
    ("ahead", "ahead.cuh", "    finish_pv<Config>(o);\n    ptx::hold_registers(flat(s))", ""),
    ("ahead", "ahead.cuh", "    ring.wait(here);\n    start_qk", "    start_qk"),
    ("ping-pong", "kernel.cuh", "Turns<Config>{warpgroup}.close();", ";"),
    ("ping-pong", "ping_pong.cuh", "row + Config::STRIP_ROWS < schedule.seq", "true"),
    ("ping-pong", "ping_pong.cuh", "    if (paired) turns.take();\n", ""),
]


@pytest.mark.parametrize(("variant", "file", "old", "new"), MUTANTS)
def test_a_broken_variant_is_caught(
    tmp_path: Path,
    others: tuple[str, ...],
    quick: tuple[str, ...],
    variant: str,
    file: str,
    old: str,
    new: str,
) -> None:
    copy = tmp_path / "csrc"
    shutil.copytree(CSRC, copy)
    text = (copy / FOLDER / file).read_text()
    assert text.count(old) == 1, f"{file} holds {old!r} {text.count(old)} times, expected once"
    (copy / FOLDER / file).write_text(text.replace(old, new))
    unit = f"{FOLDER}/{UNITS.get(variant, 'variants.cu')}"
    kept = [one for one in others if Path(one).name != unit.replace("/", "_") + ".o"]
    arguments = ("-shared", "-o", "mutant.so", "-x", "c++", str(copy / unit), "-x", "none", *kept)
    compile_host(copy, tmp_path, *quick, *arguments)
    mutant = EmulatedLibrary(tmp_path / "mutant.so")
    assert found(mutant, library.VARIANTS[variant])


def found(mutant: EmulatedLibrary, kernel: int) -> bool:
    """Whether some schedule shows a fault or wrong numbers."""
    for heads, seq in ((2, 150), (4, 320)):
        q, k, v = normal(1, heads, seq, 64, dtype=torch.float16)
        want = reference(q, k, v)
        for seed in range(SEEDS):
            got = mutant.forward(q, k, v, seed=seed, kernel=kernel)
            if got.code or got.fault or not worst(got.output, want) < 1:
                return True
    return False
