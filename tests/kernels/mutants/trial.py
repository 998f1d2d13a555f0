"""Run one emulated library over some problems and seeds; exit 1 and say how it was found wrong.

`python -m tests.kernels.mutants.trial LIBRARY PROBLEMS SEEDS`. A process of its own, because a
wrong kernel may crash or never end.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

import torch
from blackwell_sparsek import library

from tests.kernels.emulated import EmulatedLibrary, normal, reference, worst

ROOM = 64  # rows beyond the output that must stay as they were
UNTOUCHED = 7.0


@dataclass(frozen=True)
class Problem:
    """Inputs, and what attention makes of them."""

    q: torch.Tensor
    k: torch.Tensor
    v: torch.Tensor
    causal: bool
    want: torch.Tensor


def problem(
    heads: int, seq: int, dim: int, causal: bool, late: bool = False, uneven: bool = False
) -> Problem:
    """FP16. late: some rows' scores grow far beyond their first block's, one key is NaN.

    uneven: of 16 rows the first eight have large scores, the others next to none.
    """
    q, k, v = normal(2, heads // 2, seq, dim, dtype=torch.float16, seed=seq)
    if uneven:
        q *= torch.where(torch.arange(seq) % 16 < 8, 16.0, 0.01).half()[:, None]
    if late:
        for column in (0, 9, 18, 27):
            query = q[0, 0, column]
            k[0, 0, seq - 32 + column] = 3 * query
        k[1, 0, (seq - 1) // 64 * 64 + 33, 3] = torch.nan  # a column that skips the MUFU
    return Problem(q, k, v, causal, reference(q, k, v, causal))


def problems() -> tuple[Problem, ...]:
    """Cheap ones first: the ring across heads, ragged ends, both masks, the exact path."""
    return (
        problem(2, 60, 64, causal=False, uneven=True),
        problem(2, 100, 64, causal=True, late=True),
        problem(2, 200, 128, causal=True),
        problem(8, 512, 64, causal=False),
        problem(2, 320, 64, causal=False, late=True),
        problem(8, 330, 64, causal=True),
        problem(4, 700, 64, causal=False),
    )


def symptom(mutant: EmulatedLibrary, one: Problem, seed: int) -> str:
    """How this launch went wrong; "" if it did not."""
    batch, heads, seq, dim = one.q.shape
    room = torch.full((batch, heads, seq + ROOM, dim), UNTOUCHED, dtype=one.q.dtype)
    output = room[:, :, :seq]
    got = mutant.forward(
        one.q, one.k, one.v, one.causal, output=output, seed=seed, kernel=library.HOPPER
    )
    if got.fault:
        return got.fault.splitlines()[0]
    if got.code:
        return f"code {got.code}"
    if not torch.equal(output.isnan(), one.want.isnan()):
        return "NaN where there should be none, or none where there should"
    if worst(output.nan_to_num(), one.want.nan_to_num()) >= 1:
        return "numbers"
    return "" if bool((room[:, :, seq:] == UNTOUCHED).all()) else "rows past the end written"


def main(library_path: str, seeds: str) -> int:
    """0 if no seed finds anything."""
    torch.set_num_threads(1)
    mutant, every = EmulatedLibrary(Path(library_path)), problems()
    for seed in range(int(seeds)):
        for one in every:
            if found := symptom(mutant, one, seed):
                print(f"seed {seed}: {found}")
                return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
