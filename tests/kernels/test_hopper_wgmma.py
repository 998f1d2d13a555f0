"""wgmma's twin against the PTX ISA: canonical layouts, swizzles, fragments.

https://docs.nvidia.com/cuda/parallel-thread-execution/#asynchronous-warpgroup-level-matrix-instructions
"""

from __future__ import annotations

import ctypes
import math

import numpy as np
import pytest

from tests.kernels.emulated import LAST_CTA, TRUNCATED_SUMS
from tests.kernels.hopper_probe import UNTOUCHED, Layout, Words, at, bits, small_integers

THREADS, DEPTH = 128, 16
K_NONE = Layout(16, False, leading_bytes=128, stride_bytes=256)
K_32 = Layout(32, False, leading_bytes=16, stride_bytes=512)  # a gap between groups of rows
K_64 = Layout(64, False, leading_bytes=16, stride_bytes=512)
K_128 = Layout(128, False, leading_bytes=16, stride_bytes=1024)
K_128_THIRD_STEP = Layout(128, False, leading_bytes=16, stride_bytes=1024, offset=64)
MN_NONE = Layout(16, True, leading_bytes=4096, stride_bytes=128)
MN_32 = Layout(32, True, leading_bytes=512, stride_bytes=256)
MN_64 = Layout(64, True, leading_bytes=1024, stride_bytes=512)
MN_128 = Layout(128, True, leading_bytes=2048, stride_bytes=1024)
MN_128_APART = Layout(128, True, leading_bytes=8192, stride_bytes=1024)
A_ELSEWHERE = 64 * 1024


def accumulator_place(thread: int, i: int) -> tuple[int, int]:
    """Row and column of register i: the table of wgmma's D fragment."""
    warp, lane = divmod(thread, 32)
    return 16 * warp + lane // 4 + 8 * (i // 2 % 2), 8 * (i // 4) + 2 * (lane % 4) + i % 2


def registers_of_a(a: Words) -> Words:
    """[128][8] halves: the table of wgmma's A fragment."""
    registers = np.zeros((THREADS, 8), np.uint16)
    for thread, half in np.ndindex(THREADS, 8):
        warp, lane = divmod(thread, 32)
        row = 16 * warp + lane // 4 + (8 if half // 2 % 2 else 0)
        registers[thread, half] = a[row, 2 * (lane % 4) + half % 2 + (8 if half >= 4 else 0)]
    return registers


def multiply(
    hopper_probe: ctypes.CDLL,
    n: int,
    a_layout: Layout | None,
    b_layout: Layout,
    *,
    bf16: bool = False,
    accumulate: bool = True,
) -> None:
    """One wgmma on random integers, exact in FP32. a_layout None: A in registers."""
    a, b = small_integers(64, DEPTH, seed=n), small_integers(n, DEPTH, seed=n + 1)
    image = np.full(64 * 1024, UNTOUCHED, np.uint16)
    b_layout.write(image, bits(b, bf16))
    a_registers = registers_of_a(bits(a, bf16))
    if a_layout is not None:
        a_layout.write(image, bits(a, bf16))
    before = small_integers(THREADS, n // 2, seed=3)
    d = before.copy()
    tile = b_layout.tile()
    code = hopper_probe.probe_wgmma(
        bf16, n, a_layout is not None and a_layout.mn_major, b_layout.mn_major,
        at(image), image.size // 2, a_layout.tile() if a_layout else tile, tile,
        None if a_layout else at(a_registers), at(d), accumulate,
    )  # fmt: skip
    assert code == 0, hopper_probe.emulator_fault().decode()
    product = a @ b.T
    for thread, i in np.ndindex(d.shape):
        want = product[accumulator_place(thread, i)] + (before[thread, i] if accumulate else 0)
        assert d[thread, i] == want, (thread, i)


def summed(hopper_probe: ctypes.CDLL, before: float, products: list[float]) -> float:
    """What one wgmma makes of a sum and up to sixteen powers of two added to it; all else zero."""
    a, b = np.zeros((64, DEPTH), np.float32), np.ones((64, DEPTH), np.float32)
    for k, product in enumerate(products):
        half = 2.0 ** (math.log2(abs(product)) // 2)
        a[:, k], b[:, k] = product / half, half
    image = np.full(64 * 1024, UNTOUCHED, np.uint16)
    K_128.write(image, bits(b, False))
    registers = registers_of_a(bits(a, False))
    d = np.full((THREADS, 32), before, np.float32)
    code = hopper_probe.probe_wgmma(
        False, 64, False, False, at(image), image.size // 2, K_128.tile(), K_128.tile(),
        at(registers), at(d), True,
    )  # fmt: skip
    assert code == 0, hopper_probe.emulator_fault().decode()
    assert (d == d[0, 0]).all()
    return float(d[0, 0])


ULP = 2.0**-23  # of 1


@pytest.mark.parametrize(
    ("before", "products", "in_fp32", "truncated"),
    [
        pytest.param(1, [2**-24, 2**-25], 1, 1, id="less than a unit is cut off"),
        pytest.param(1, [1.5 * 2**-24], 1 + ULP, 1, id="nothing is rounded up"),
        pytest.param(-1, [-1.5 * 2**-24], -1 - ULP, -1, id="nor away from zero"),
        pytest.param(1, [2**-25] * 16, 1, 1 + 4 * ULP, id="two bits more are kept"),
        pytest.param(1, [2**-26] * 16, 1, 1, id="a third one is not"),
        pytest.param(0, [1, *[2**-25] * 15], 1, 1 + 3 * ULP, id="the sum is cut off once"),
        pytest.param(2**-24, [1, -1], 0, 2**-24, id="what cancels leaves what was aligned to it"),
        pytest.param(2**-26, [1, -1], 0, 0, id="or nothing"),
        pytest.param(math.inf, [1], math.inf, math.inf, id="infinity stays"),
    ],
)
def test_seeds_with_truncated_sums_add_as_tensor_cores_were_found_to(
    hopper_probe: ctypes.CDLL,
    before: float,
    products: list[float],
    in_fp32: float,
    truncated: float,
) -> None:
    assert summed(hopper_probe, before, products) == in_fp32
    hopper_probe.emulator_configure(TRUNCATED_SUMS + 1, 0, LAST_CTA)
    try:
        assert summed(hopper_probe, before, products) == truncated
    finally:
        hopper_probe.emulator_configure(1, 0, LAST_CTA)


@pytest.mark.parametrize("n", [8, 64, 128])
def test_truncated_sums_of_small_integers_are_exact(hopper_probe: ctypes.CDLL, n: int) -> None:
    hopper_probe.emulator_configure(TRUNCATED_SUMS + 1, 0, LAST_CTA)
    try:
        multiply(hopper_probe, n, None, K_128)
    finally:
        hopper_probe.emulator_configure(1, 0, LAST_CTA)


def moved(layout: Layout, offset: int) -> Layout:
    return Layout(layout.width, layout.mn_major, layout.leading_bytes, layout.stride_bytes, offset)


@pytest.mark.parametrize(
    "b_layout",
    [
        pytest.param(K_NONE, id="K-major"),
        pytest.param(K_32, id="K-major 32B"),
        pytest.param(K_64, id="K-major 64B"),
        pytest.param(K_128, id="K-major 128B"),
        pytest.param(K_128_THIRD_STEP, id="K-major 128B, 64 bytes into the row"),
        pytest.param(MN_NONE, id="MN-major"),
        pytest.param(MN_32, id="MN-major 32B"),
        pytest.param(MN_64, id="MN-major 64B"),
        pytest.param(MN_128, id="MN-major 128B"),
        pytest.param(MN_128_APART, id="MN-major 128B, leading offset beyond the atom"),
    ],
)
@pytest.mark.parametrize("n", [64, 128])
def test_wgmma_finds_b_where_the_canonical_layout_says(
    hopper_probe: ctypes.CDLL, n: int, b_layout: Layout
) -> None:
    multiply(hopper_probe, n, None, b_layout)


@pytest.mark.parametrize("a_layout", [K_NONE, K_32, K_128, MN_NONE, MN_32, MN_64, MN_128])
def test_wgmma_finds_a_where_the_canonical_layout_says(
    hopper_probe: ctypes.CDLL, a_layout: Layout
) -> None:
    multiply(hopper_probe, 64, moved(a_layout, A_ELSEWHERE), K_64)


@pytest.mark.parametrize("n", [8, 256])
def test_wgmma_takes_the_narrowest_and_the_widest_n(hopper_probe: ctypes.CDLL, n: int) -> None:
    multiply(hopper_probe, n, moved(K_128, A_ELSEWHERE), K_128)


def test_wgmma_multiplies_bf16(hopper_probe: ctypes.CDLL) -> None:
    multiply(hopper_probe, 64, moved(K_128, A_ELSEWHERE), MN_128, bf16=True)
    multiply(hopper_probe, 64, None, MN_128, bf16=True)


def test_wgmma_without_scale_d_forgets_what_was_there(hopper_probe: ctypes.CDLL) -> None:
    multiply(hopper_probe, 64, None, K_128, accumulate=False)
