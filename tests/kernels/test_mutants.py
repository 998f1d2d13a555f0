"""The emulator is only a proof if wrong kernels fail under it: each of these is wrong once."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from blackwell_sparsek import library

from tests.kernels.emulated import EmulatedLibrary, compile_mutant, normal, reference, worst
from tests.kernels.mutants import trial

KERNEL = "attention/portable/kernel.cuh"
TILE = "attention/portable/tile.cuh"
MUTANTS = [
    pytest.param(
        KERNEL, "warp.o[m][n][i] *= rescale[i / 2];", ";", "numbers", id="output not rescaled"
    ),
    pytest.param(
        "attention/softmax.cuh", "sum *= rescale;", "", "numbers", id="row sum not rescaled"
    ),
    pytest.param(
        "attention/mask.cuh", "key >= seq || ", "", "numbers", id="keys past the end not masked"
    ),
    pytest.param("attention/mask.cuh", "key > query", "key >= query", "numbers", id="off by one"),
    pytest.param(
        TILE, "(chunk ^ (row % SWIZZLE_ROWS))", "(chunk ^ 0)", "conflicts", id="no swizzle"
    ),
    pytest.param(
        TILE,
        "at(key + lane % 16, 2 * pair + lane / 16)",
        "at(key + lane % 16, (2 * pair + lane / 16) ^ 1)",
        "numbers",
        id="wrong swizzle on one side",
    ),
    pytest.param(KERNEL, "ptx::cp_async_wait<0>();", "", "ends with|fills", id="wait dropped"),
    pytest.param(KERNEL, "ptx::sync_cta();", "", "barrier|fills", id="barrier dropped"),
    pytest.param(KERNEL, "ptx::sync_warp();", "", "no barrier since", id="warp barrier dropped"),
    pytest.param(
        KERNEL, "if (row < rows_left)", "if (row <= rows_left)", "numbers", id="a row too many"
    ),
    pytest.param(
        TILE,
        "const bool exists =",
        "const bool exists = true ||",
        "outside",
        id="reads past the end",
    ),
    pytest.param(
        KERNEL,
        "v, params.v.stride_s",
        "v, params.k.stride_s",
        "numbers|NaN",
        id="V walked by K's strides",
    ),
    pytest.param(
        KERNEL,
        "k = params.k.data + b * params.k.stride_b + h * params.k.stride_h",
        "k = params.k.data + b * params.k.stride_b + h * params.q.stride_h",
        "numbers|NaN",
        id="K's heads where Q's are",
    ),
    pytest.param(
        KERNEL,
        "const int head = blockIdx.x / q_blocks;",
        "const int head = static_cast<uint16_t>(blockIdx.x / q_blocks);",
        "numbers|written",
        id="a head's number kept in 16 bits",
    ),
    pytest.param(
        KERNEL,
        "ptx::pack(Element{}, pair[0], pair[1])",
        "ptx::pack(Half{}, pair[0], pair[1])",
        "numbers|NaN",
        id="weights always FP16",
    ),
    pytest.param(
        "attention/launch.cuh",
        "cudaFuncAttributeMaxDynamicSharedMemorySize, Kernel::SHARED_BYTES",
        "cudaFuncAttributeMaxDynamicSharedMemorySize, 48 << 10",
        "code 1001",
        id="shared memory not asked for",
    ),
]
# Beside FP16 in contiguous tensors.
PROBLEMS = (
    trial.own_strides(torch.float16, 64, causal=True),
    trial.problem(2, 100, 64, causal=False, dtype=torch.bfloat16),
    trial.many_heads()[0],
)


@pytest.mark.parametrize(("path", "old", "new", "symptom"), MUTANTS)
def test_a_wrong_kernel_is_caught(
    tmp_path: Path,
    surroundings: tuple[str, ...],
    quick: tuple[str, ...],
    path: str,
    old: str,
    new: str,
    symptom: str,
) -> None:
    mutant = EmulatedLibrary(compile_mutant(tmp_path, surroundings, path, {old: new}, quick))
    seen = set()
    for seed, (dim, causal) in enumerate(((64, True), (64, False), (128, True))):
        q, k, v = normal(1, 1, 150, dim, dtype=torch.float16)
        room = torch.full((1, 1, 256, dim), 7.0, dtype=torch.float16)
        got = mutant.forward(q, k, v, causal, output=room[:, :, :150], seed=seed)
        seen |= {got.fault, f"code {got.code}"}
        wrong = worst(got.output, reference(q, k, v, causal)) >= 1
        if wrong or not (room[:, :, 150:] == 7).all():
            seen.add("numbers")
        if got.bank_conflicts:
            seen.add("conflicts")
    seen |= {trial.symptom(mutant, one, 0, library.PORTABLE) for one in PROBLEMS}
    assert any(word in text for word in symptom.split("|") for text in seen), seen


def test_the_portable_kernel_itself_solves_the_problems(emulated: EmulatedLibrary) -> None:
    found = [trial.symptom(emulated, one, 0, library.PORTABLE) for one in PROBLEMS]
    assert found == [""] * len(PROBLEMS)
