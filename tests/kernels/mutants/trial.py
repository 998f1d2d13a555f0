"""Run emulated libraries over some problems and seeds, and say how each was found wrong.

`python -m tests.kernels.mutants.trial LIMIT_S`: a line in with an element type, "fp16" or "bf16", a
number of seeds, and a library's path; its verdict a line out. One process for many libraries, as
importing torch takes longer than most trials.
"""

from __future__ import annotations

import math
import os
import signal
import sys
import traceback
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from blackwell_sparsek import library

from remote_payload.operators.attention import adversarial
from tests.kernels.emulated import (
    LAST_CTA,
    TRUNCATED_SUMS,
    EmulatedLibrary,
    normal,
    reference,
    worst,
)

ELEMENTS = {"fp16": torch.float16, "bf16": torch.bfloat16}
ROOM = 64  # rows beyond the output that must stay as they were
UNTOUCHED = 7.0
TRIAL_FAILED = "the trial itself failed"
PAST_16_BITS = (1 << 16) + 1


@dataclass(frozen=True)
class Problem:
    """Inputs, and what attention makes of them; UNTOUCHED where no CTA of `ctas` has work.

    strided: each tensor has strides of its own, with NaN around it. multiprocessors: of the device.
    """

    q: torch.Tensor
    k: torch.Tensor
    v: torch.Tensor
    causal: bool
    want: torch.Tensor
    strided: bool = False
    multiprocessors: int | None = None
    ctas: tuple[int, int] = (0, LAST_CTA)

    @property
    def magnitude(self) -> float:
        """Of the values, as a power of two: by so much more an output may be off."""
        return max(1.0, 2.0 ** math.floor(math.log2(float(self.v.abs().median()) + 1e-9)))

    def room(self) -> tuple[torch.Tensor, torch.Tensor]:
        """An output to fill, and the memory it lies in, all UNTOUCHED."""
        batch, heads, seq, dim = self.q.shape
        if self.multiprocessors is not None:  # too many heads for room behind each
            whole = torch.full((heads * seq + ROOM, dim), UNTOUCHED, dtype=self.q.dtype)
            return whole[:-ROOM].view(self.q.shape), whole
        room = torch.full((batch, heads, seq + ROOM, dim), UNTOUCHED, dtype=self.q.dtype)
        if self.strided:
            room = adversarial.strided(room, 3)
        whole = room if room._base is None else room._base
        return room[:, :, :seq], whole.fill_(UNTOUCHED)


def problem(
    heads: int,
    seq: int,
    dim: int,
    causal: bool,
    *,
    dtype: torch.dtype = torch.float16,
    late: bool = False,
    uneven: bool = False,
) -> Problem:
    """late: some rows' scores grow far beyond their first block's, one key is NaN.

    uneven: of 16 rows the first eight have large scores, the others next to none.
    """
    q, k, v = normal(2, heads // 2, seq, dim, dtype=dtype, seed=seq)
    if uneven:
        q *= torch.where(torch.arange(seq) % 16 < 8, 16.0, 0.01).to(dtype)[:, None]
    if late:
        for column in (0, 9, 18, 27):
            query = q[0, 0, column]
            k[0, 0, seq - 32 + column] = 3 * query
        k[1, 0, (seq - 1) // 64 * 64 + 33, 3] = torch.nan  # a column that skips the MUFU
    return Problem(q, k, v, causal, reference(q, k, v, causal))


def late_rows(dtype: torch.dtype, causal: bool) -> Problem:
    """A late maximum in rows of every warp, strip and pass, each in a head of its own."""
    nats = 20.0 if dtype is torch.float16 else 60.0
    q, k, v = adversarial.late_maxima(adversarial.LATE_ROWS, dtype, nats)
    return Problem(q, k, v, causal, reference(q, k, v, causal))


def below_zero() -> Problem:
    """Scores that a key past the end, of zeros, would outweigh."""
    q, k, v = adversarial.below_zero(200, torch.float16)
    return Problem(q, k, v, False, reference(q, k, v))


def own_strides(dtype: torch.dtype, dim: int, causal: bool) -> Problem:
    """No two tensors with the same stride along any axis."""
    q, k, v = normal(2, 3, 70, dim, dtype=dtype)
    want = reference(q, k, v, causal)
    q, k, v = (adversarial.strided(tensor, which) for which, tensor in enumerate((q, k, v)))
    return Problem(q, k, v, causal, want, strided=True)


def many_heads() -> tuple[Problem, ...]:
    """The last of 2^16 + 1 heads of two rows, from a CTA of its own and as one's second."""
    q, k, v = normal(1, PAST_16_BITS, 2, 64, dtype=torch.float16)
    last = PAST_16_BITS - 1

    def wanted(heads: list[int]) -> torch.Tensor:
        want = torch.full(v.shape, UNTOUCHED, dtype=v.dtype)
        want[:, heads] = reference(*(tensor[:, heads] for tensor in (q, k, v))).to(v.dtype)
        return want

    alone = Problem(q, k, v, False, wanted([last]), False, PAST_16_BITS, (last, last + 1))
    return alone, replace(alone, want=wanted([0, last]), multiprocessors=last, ctas=(0, 1))


def problems(element: str) -> tuple[Problem, ...]:
    """Cheap ones first: the ring across heads, ragged ends, both masks, the exact path."""
    if element == "bf16":
        bf16 = torch.bfloat16
        return (
            problem(2, 60, 64, causal=False, dtype=bf16, uneven=True),
            problem(2, 200, 64, causal=True, dtype=bf16),
            problem(2, 200, 128, causal=True, dtype=bf16),
            problem(2, 255, 64, causal=False, dtype=bf16),
            own_strides(bf16, 128, causal=False),
            late_rows(bf16, causal=False),
            late_rows(bf16, causal=True),
        )
    fp16 = torch.float16
    return (
        problem(2, 60, 64, causal=False, uneven=True),
        problem(2, 100, 64, causal=True, late=True),
        problem(2, 200, 128, causal=True),
        problem(2, 63, 128, causal=True),
        problem(2, 65, 64, causal=False),
        own_strides(fp16, 64, causal=True),
        own_strides(fp16, 128, causal=False),
        problem(8, 512, 64, causal=False),
        problem(2, 320, 64, causal=False, late=True),
        problem(8, 330, 64, causal=True),
        problem(4, 700, 64, causal=False),
        problem(2, 127, 64, causal=False),
        problem(2, 255, 128, causal=False),
        problem(2, 257, 64, causal=True),
        problem(2, 129, 128, causal=True),
        below_zero(),
        late_rows(fp16, causal=False),
        late_rows(fp16, causal=True),
        *many_heads(),
    )


def symptom(mutant: EmulatedLibrary, one: Problem, seed: int, kernel: int = library.HOPPER) -> str:
    """How this launch went wrong; "" if it did not."""
    output, whole = one.room()
    got = mutant.forward(
        one.q,
        one.k,
        one.v,
        one.causal,
        output=output,
        seed=seed,
        ctas=one.ctas,
        kernel=kernel,
        multiprocessors=one.multiprocessors,
    )
    if got.fault:
        return got.fault.splitlines()[0]
    if got.code:
        return f"code {got.code}"
    if not torch.equal(output.isnan(), one.want.isnan()):
        return "NaN where there should be none, or none where there should"
    if worst(output.nan_to_num(), one.want.nan_to_num(), one.magnitude) >= 1:
        return "numbers"
    output.fill_(UNTOUCHED)
    return "" if bool((whole == UNTOUCHED).all()) else "memory beside the output written"


def verdict(library_path: str, every: tuple[Problem, ...], seeds: int) -> str:
    """The first thing any seed finds, every other one with truncated sums; "" if none does."""
    mutant = EmulatedLibrary(Path(library_path))
    for number in range(seeds):
        seed = number + (TRUNCATED_SUMS if number % 2 else 0)
        for one in every:
            if found := symptom(mutant, one, seed):
                return f"seed {number}: {found}"
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


def main(limit_s: str) -> None:
    """Answer each line on stdin with one: what is wrong with the library, if anything is."""
    torch.set_num_threads(1)  # a pool of threads would not survive the fork
    every = {element: problems(element) for element in ELEMENTS}
    for line in sys.stdin:
        element, seeds, path = line.strip().split(" ", 2)
        print(tried(path, every[element], int(seeds), int(limit_s)), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
