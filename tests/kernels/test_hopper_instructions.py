"""The other twins of Hopper's instructions, against the tables and rules of the PTX ISA.

https://docs.nvidia.com/cuda/parallel-thread-execution/
"""

from __future__ import annotations

import ctypes
import math
from collections.abc import Callable
from fractions import Fraction

import numpy as np
import numpy.typing as npt
import pytest
import torch

from tests.kernels.hopper_probe import at

THREADS = 128
PAIRS: list[tuple[int, torch.dtype, Callable[[Fraction, Fraction, Fraction], Fraction]]] = [
    (0, torch.float16, lambda x, y, z: x * y + z),
    (1, torch.float16, lambda x, y, z: x * y),
    (2, torch.float16, lambda x, y, z: x + y),
    (3, torch.bfloat16, lambda x, y, z: x * y + z),
    (4, torch.bfloat16, lambda x, y, z: x * y),
]


@pytest.mark.parametrize("transposed", [False, True])
def test_stmatrix_is_the_reverse_of_ldmatrix(hopper_probe: ctypes.CDLL, transposed: bool) -> None:
    fragments = np.arange(32 * 4 * 2, dtype=np.uint16).reshape(32, 4, 2)
    rows = np.zeros((4, 8, 8), np.uint16)
    assert hopper_probe.probe_stmatrix(at(fragments), at(rows), transposed) == 0
    for lane, matrix, half in np.ndindex(32, 4, 2):
        major, minor = lane // 4, 2 * (lane % 4) + half
        where = (matrix, minor, major) if transposed else (matrix, major, minor)
        assert rows[where] == fragments[lane, matrix, half], (lane, matrix, half)


def test_elect_chooses_one_lane_and_shuffle_tells_all_its_value(hopper_probe: ctypes.CDLL) -> None:
    elected, values = np.zeros(32, np.int32), np.arange(100, 132, dtype=np.uint32)
    assert hopper_probe.probe_one_lane(at(elected), at(values), 19) == 0
    assert elected.sum() == 1
    assert (values == 119).all()


def test_pairs_are_rounded_once(hopper_probe: ctypes.CDLL) -> None:
    generator = np.random.default_rng(5)
    count = 1500
    # Finite as FP16 and as BF16: no exponent of all ones.
    mask = np.uint32(0xBB7FBB7F)
    a, b, c = (generator.integers(0, 2**32, count, np.uint32) & mask for _ in range(3))
    # (1 + 2^-10)^2 + 2^-24: half a unit above a tie only in the exact sum.
    a[0] = b[0] = 0x3C013C01
    c[0] = 0x00010001
    results = np.zeros((count, 6), np.uint32)
    assert hopper_probe.probe_pairs(at(a), at(b), at(c), at(results), count) == 0
    for column, dtype, combine in PAIRS:
        got = halves(np.ascontiguousarray(results[:, column]), dtype)
        operands = zip(*(halves(words, dtype).tolist() for words in (a, b, c)), strict=True)
        for i, (x, y, z) in enumerate(operands):
            exact = combine(Fraction(x), Fraction(y), Fraction(z))
            assert got[i].item() == round_once(exact, dtype), (column, x, y, z)


def halves(words: npt.NDArray[np.uint32], dtype: torch.dtype) -> torch.Tensor:
    return torch.from_numpy(words.view(np.int16).copy()).view(dtype)


def round_once(exact: Fraction, dtype: torch.dtype) -> float:
    """The nearest number of a 16-bit type; of two as near, the one with an even pattern."""
    about = torch.tensor([float(exact)], dtype=torch.float64).to(dtype)
    if not about.isfinite():
        return float(about)
    patterns = [int(about.view(torch.int16)) + step for step in (-1, 0, 1)]
    near: list[float] = (
        torch.tensor(patterns, dtype=torch.int32).to(torch.int16).view(dtype).tolist()
    )
    ranked = [
        (abs(Fraction(value) - exact), pattern % 2, value)
        for pattern, value in zip(patterns, near, strict=True)
        if math.isfinite(value)
    ]
    return min(ranked)[2]


def test_bytes_are_chosen_and_signs_replicated(hopper_probe: ctypes.CDLL) -> None:
    a, b = np.array([0x83F20144], np.uint32), np.array([0x5A7E9C01], np.uint32)
    results = np.zeros((1, 6), np.uint32)
    assert hopper_probe.probe_pairs(at(a), at(b), at(a), at(results), 1) == 0
    # 0xb6d1, from the lowest: byte 1; byte 5's sign; byte 6; byte 3's sign.
    assert results[0, 5] == 0xFF7EFF01


def test_fma_saturates_and_turns_nan_into_zero(hopper_probe: ctypes.CDLL) -> None:
    a = np.array([0.5, 2, -1, math.nan, math.inf, 0.25], np.float32)
    b = np.array([0.5, 3, 1, 1, 1, 1], np.float32)
    c = np.array([0.125, 1, 0, 0, 0, -0.25], np.float32)
    results = np.zeros((6, 2), np.float32)
    assert hopper_probe.probe_floats(at(a), at(b), at(c), at(results), 6) == 0
    assert results[:, 0].tolist() == [0.375, 1, 0, 0, 1, 0]
    assert not np.signbit(results[:, 0]).any()


def test_atomics_count_every_thread_and_the_barrier_tells_all_of_one(
    hopper_probe: ctypes.CDLL,
) -> None:
    sums, found = np.zeros(THREADS, np.uint32), np.zeros(THREADS, np.int32)
    assert hopper_probe.probe_counting(at(sums), at(found), 77) == 0, (
        hopper_probe.emulator_fault().decode()
    )
    assert sorted(sums.tolist()) == [5 + 3 * i for i in range(THREADS)]
    assert (found == 1).all()
    assert hopper_probe.probe_counting(at(sums), at(found), 500) == 0
    assert (found == 0).all()


def test_registers_given_away_can_be_taken(hopper_probe: ctypes.CDLL) -> None:
    done = np.zeros(3 * THREADS, np.int32)
    assert hopper_probe.probe_register_budget(at(done)) == 0, hopper_probe.emulator_fault().decode()
    assert done.all()
