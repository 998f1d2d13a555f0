"""Run emulated libraries over some problems and seeds, and say how each was found wrong.

`python -m tests.kernels.mutants.trial SEEDS LIMIT_S`: a library's path a line in, its verdict a line
out. One process for many libraries, as importing torch takes longer than most trials.
"""

from __future__ import annotations

import os
import signal
import sys
import traceback
from dataclasses import dataclass
from pathlib import Path

import torch
from blackwell_sparsek import library

from tests.kernels.emulated import EmulatedLibrary, normal, reference, worst

ROOM = 64  # rows beyond the output that must stay as they were
UNTOUCHED = 7.0
TRIAL_FAILED = "the trial itself failed"


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


def verdict(library_path: str, every: tuple[Problem, ...], seeds: int) -> str:
    """The first thing any seed finds; "" if none does."""
    mutant = EmulatedLibrary(Path(library_path))
    for seed in range(seeds):
        for one in every:
            if found := symptom(mutant, one, seed):
                return f"seed {seed}: {found}"
    return ""


def tried(library_path: str, every: tuple[Problem, ...], seeds: int, limit_s: int) -> str:
    """The verdict of a child process, since a wrong kernel may crash or never end."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        signal.alarm(limit_s)
        try:
            os.write(writing, verdict(library_path, every, seeds).encode())
        except BaseException:
            traceback.print_exc()
            os._exit(1)
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading, encoding="utf-8") as answer:
        text = answer.read()
    ended = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if ended == -signal.SIGALRM:
        return "never ends"
    if ended < 0:
        return f"crash, signal {-ended}"
    return text if ended == 0 else TRIAL_FAILED


def main(seeds: str, limit_s: str) -> None:
    """Answer each library's path on stdin with a line: what is wrong with it, if anything is."""
    torch.set_num_threads(1)  # a pool of threads would not survive the fork
    every = problems()
    for line in sys.stdin:
        print(tried(line.strip(), every, int(seeds), int(limit_s)), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
