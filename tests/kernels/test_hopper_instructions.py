"""The C++ twins of Hopper's instructions, against the tables and rules of the PTX ISA.

https://docs.nvidia.com/cuda/parallel-thread-execution/
"""

from __future__ import annotations

import ctypes
import math

import numpy as np
import numpy.typing as npt
import pytest
import torch

from tests.kernels.hopper_probe import (
    MAP_SWIZZLE,
    UNTOUCHED,
    Layout,
    Words,
    aligned,
    at,
    load_probe,
    swizzle,
)

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


@pytest.fixture(scope="module")
def probe(
    tmp_path_factory: pytest.TempPathFactory, surroundings: tuple[str, ...]
) -> ctypes.CDLL:
    return load_probe(tmp_path_factory.mktemp("hopper_probe"), surroundings)


def bits(values: npt.NDArray[np.float32], bf16: bool) -> Words:
    dtype = torch.bfloat16 if bf16 else torch.float16
    return torch.from_numpy(values).to(dtype).view(torch.int16).numpy().view(np.uint16)


def small_integers(*shape: int, seed: int) -> npt.NDArray[np.float32]:
    return np.random.default_rng(seed).integers(-4, 5, shape).astype(np.float32)


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
    probe: ctypes.CDLL,
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
    code = probe.probe_wgmma(
        bf16, n, a_layout is not None and a_layout.mn_major, b_layout.mn_major,
        at(image), image.size // 2, a_layout.tile() if a_layout else tile, tile,
        None if a_layout else at(a_registers), at(d), accumulate,
    )  # fmt: skip
    assert code == 0, probe.emulator_fault().decode()
    product = a @ b.T
    for thread, i in np.ndindex(d.shape):
        want = product[accumulator_place(thread, i)] + (before[thread, i] if accumulate else 0)
        assert d[thread, i] == want, (thread, i)


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
    probe: ctypes.CDLL, n: int, b_layout: Layout
) -> None:
    multiply(probe, n, None, b_layout)


@pytest.mark.parametrize("a_layout", [K_NONE, K_32, K_128, MN_NONE, MN_32, MN_64, MN_128])
def test_wgmma_finds_a_where_the_canonical_layout_says(
    probe: ctypes.CDLL, a_layout: Layout
) -> None:
    multiply(probe, 64, moved(a_layout, A_ELSEWHERE), K_64)


@pytest.mark.parametrize("n", [8, 256])
def test_wgmma_takes_the_narrowest_and_the_widest_n(probe: ctypes.CDLL, n: int) -> None:
    multiply(probe, n, moved(K_128, A_ELSEWHERE), K_128)


def test_wgmma_multiplies_bf16(probe: ctypes.CDLL) -> None:
    multiply(probe, 64, moved(K_128, A_ELSEWHERE), MN_128, bf16=True)
    multiply(probe, 64, None, MN_128, bf16=True)


def test_wgmma_without_scale_d_forgets_what_was_there(probe: ctypes.CDLL) -> None:
    multiply(probe, 64, None, K_128, accumulate=False)


def encode(
    probe: ctypes.CDLL, tensor: Words, sizes: list[int], strides: list[int], box: list[int], width: int
) -> ctypes.Array[ctypes.c_char]:
    """A tensor map; strides in bytes, of the outer dimensions, all innermost first."""
    room = aligned((128,), np.uint8)
    made = (ctypes.c_char * 128).from_buffer(room)
    code = probe.probe_encode(
        made, at(tensor), len(sizes),
        (ctypes.c_uint64 * 5)(*sizes), (ctypes.c_uint64 * 5)(*strides), (ctypes.c_uint32 * 5)(*box),
        MAP_SWIZZLE[width],
    )  # fmt: skip
    assert code == 0, code
    return made


def box_of(tensor: Words, corner: tuple[int, ...], box: tuple[int, ...]) -> Words:
    """The elements a box covers, zeros outside; corner and box outermost first."""
    out = np.zeros(box, np.uint16)
    for index in np.ndindex(box):
        place = tuple(c + i for c, i in zip(corner, index, strict=True))
        if all(0 <= p < size for p, size in zip(place, tensor.shape, strict=True)):
            out[index] = tensor[place]
    return out


def unswizzled(dump: Words, width: int) -> Words:
    where = [swizzle(2 * i, width) // 2 for i in range(dump.size)]
    return dump.reshape(-1)[where]


CORNERS = [
    pytest.param((0, 0), id="inside"),
    pytest.param((7, 0), id="last rows outside"),
    pytest.param((-3, -5), id="first rows and columns outside"),
    pytest.param((2, 37), id="last columns outside"),
    pytest.param((100, 200), id="wholly outside"),
]


@pytest.mark.parametrize("width", [16, 32, 64, 128])
@pytest.mark.parametrize("corner", CORNERS)
def test_tma_loads_a_box_swizzled_and_fills_what_is_outside_with_zeros(
    probe: ctypes.CDLL, corner: tuple[int, int], width: int
) -> None:
    tensor = aligned((13, 72))
    tensor[:] = np.arange(1, tensor.size + 1).reshape(tensor.shape)
    box = (9, width // 2)
    made = encode(probe, tensor, [72, 13], [144], [box[1], box[0]], width)
    bytes_ = 2 * box[0] * box[1]
    dump = np.zeros(bytes_ // 2, np.uint16)
    c = (ctypes.c_int * 4)(corner[1], corner[0])
    code = probe.probe_tma_load(made, 2, c, bytes_, at(dump))
    assert code == 0, probe.emulator_fault().decode()
    # The last line may be cut short: a swizzle moves pieces only within lines that are whole here.
    whole = bytes_ // 128 * 64
    want = box_of(tensor, corner, box).reshape(-1)
    assert np.array_equal(unswizzled(dump[:whole], width), want[:whole])


def test_tma_walks_four_dimensions_by_their_strides(probe: ctypes.CDLL) -> None:
    tensor = aligned((2, 5, 3, 64))  # [B, S, H, D] in memory, seen as {D, S, H, B}
    tensor[:] = np.arange(1, tensor.size + 1).reshape(tensor.shape)
    made = encode(probe, tensor, [64, 5, 3, 2], [3 * 128, 128, 15 * 128], [64, 8, 1, 1], 128)
    dump = np.zeros((8, 64), np.uint16)
    assert probe.probe_tma_load(made, 4, (ctypes.c_int * 4)(0, 2, 1, 1), 1024, at(dump)) == 0
    want = np.zeros((8, 64), np.uint16)
    want[:3] = tensor[1, 2:, 1]
    assert np.array_equal(unswizzled(dump, 128), want.reshape(-1))


@pytest.mark.parametrize("corner", CORNERS)
def test_tma_stores_only_what_is_inside(probe: ctypes.CDLL, corner: tuple[int, int]) -> None:
    tensor, box = aligned((13, 72)), (8, 64)
    made = encode(probe, tensor, [72, 13], [144], [64, 8], 128)
    rows = np.arange(1, 513).astype(np.uint16).reshape(box)
    source = np.zeros(512, np.uint16)
    source[[swizzle(2 * i, 128) // 2 for i in range(512)]] = rows.reshape(-1)
    c = (ctypes.c_int * 4)(corner[1], corner[0])
    code = probe.probe_tma_store(made, 2, c, 1024, at(source))
    assert code == 0, probe.emulator_fault().decode()
    want = np.zeros_like(tensor)
    for i, j in np.ndindex(box):
        if 0 <= corner[0] + i < 13 and 0 <= corner[1] + j < 72:
            want[corner[0] + i, corner[1] + j] = rows[i, j]
    assert np.array_equal(tensor, want)


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"base": 8}, "the base is not 16-byte aligned"),
        ({"strides": [136]}, "a stride is no multiple of 16 bytes"),
        ({"box": [128, 4]}, "a row of the box is wider than the swizzle"),
        ({"box": [60, 4]}, "a row of the box is no multiple of 16 bytes"),
        ({"box": [64, 257]}, "the box is longer than 256"),
        ({"sizes": [0, 13]}, "a size is zero"),
    ],
)
def test_a_tensor_map_the_driver_refuses_is_refused(
    probe: ctypes.CDLL, change: dict[str, list[int]], why: str
) -> None:
    tensor = aligned((16, 128))
    given = {"base": 0, "sizes": [72, 13], "strides": [144], "box": [64, 4]} | change
    code = probe.probe_encode(
        (ctypes.c_char * 128).from_buffer(aligned((128,), np.uint8)),
        ctypes.c_void_p(tensor.ctypes.data + given["base"]), 2,
        (ctypes.c_uint64 * 2)(*given["sizes"]), (ctypes.c_uint64 * 1)(*given["strides"]),
        (ctypes.c_uint32 * 2)(*given["box"]), MAP_SWIZZLE[128],
    )  # fmt: skip
    assert code == 1, why


def test_mbarrier_parity_names_the_phase_before(probe: ctypes.CDLL) -> None:
    seen = np.zeros(3, np.int32)
    assert probe.probe_mbarrier_phases(at(seen)) == 0
    assert seen.tolist() == [1, 1, 1]


@pytest.mark.parametrize("seed", range(4))
def test_mbarrier_counts_bytes_that_come_before_they_are_expected(
    probe: ctypes.CDLL, seed: int
) -> None:
    tensor = aligned((8, 64))
    tensor[:] = np.arange(tensor.size).reshape(tensor.shape)
    made = encode(probe, tensor, [64, 8], [128], [64, 8], 128)
    dump = np.zeros((2, 512), np.uint16)
    probe.emulator_configure(seed, 0, 2**32 - 1)
    code = probe.probe_mbarrier_bytes(made, 1024, at(dump))
    probe.emulator_configure(1, 0, 2**32 - 1)
    assert code == 0, probe.emulator_fault().decode()
    for half in dump:
        assert np.array_equal(unswizzled(half, 128), tensor.reshape(-1))


@pytest.mark.parametrize("transposed", [False, True])
def test_stmatrix_is_the_reverse_of_ldmatrix(probe: ctypes.CDLL, transposed: bool) -> None:
    fragments = np.arange(32 * 4 * 2, dtype=np.uint16).reshape(32, 4, 2)
    rows = np.zeros((4, 8, 8), np.uint16)
    assert probe.probe_stmatrix(at(fragments), at(rows), transposed) == 0
    for lane, matrix, half in np.ndindex(32, 4, 2):
        major, minor = lane // 4, 2 * (lane % 4) + half
        where = (matrix, minor, major) if transposed else (matrix, major, minor)
        assert rows[where] == fragments[lane, matrix, half], (lane, matrix, half)


def test_elect_chooses_one_lane_and_shuffle_tells_all_its_value(probe: ctypes.CDLL) -> None:
    elected, values = np.zeros(32, np.int32), np.arange(100, 132, dtype=np.uint32)
    assert probe.probe_one_lane(at(elected), at(values), 19) == 0
    assert elected.sum() == 1
    assert (values == 119).all()


def test_pairs_are_rounded_once(probe: ctypes.CDLL) -> None:
    generator = np.random.default_rng(5)
    count = 20_000
    a, b, c = (generator.integers(0, 2**32, count, np.uint32) for _ in range(3))
    # (1 + 2^-10)^2 + 2^-24: half a unit above a tie only in the exact sum.
    a[0] = b[0] = 0x3C013C01
    c[0] = 0x00010001
    results = np.zeros((count, 6), np.uint32)
    assert probe.probe_pairs(at(a), at(b), at(c), at(results), count) == 0

    def halves(words: npt.NDArray[np.uint32], dtype: torch.dtype) -> torch.Tensor:
        return torch.from_numpy(words.view(np.int16).copy()).view(dtype)

    for column, dtype, combine in (
        (0, torch.float16, lambda x, y, z: x * y + z),
        (1, torch.float16, lambda x, y, z: x * y),
        (2, torch.float16, lambda x, y, z: x + y),
        (4, torch.bfloat16, lambda x, y, z: x * y),
    ):
        x, y, z = (halves(words, dtype) for words in (a, b, c))
        exact = combine(x.double().numpy().astype(np.longdouble), y.double().numpy(), z.double().numpy())
        want = round_once(exact, dtype)
        got = halves(np.ascontiguousarray(results[:, column]), dtype)
        same = (got == want) | (got.isnan() & want.isnan())
        assert same.all(), (column, torch.nonzero(~same)[:3])
    bytes_of = np.concatenate([a[:, None].view(np.uint8), b[:, None].view(np.uint8)], axis=1)
    # 0xb6d1: byte 1; byte 5's sign eight times; byte 6; byte 3's sign eight times.
    want_bytes = np.stack(
        [bytes_of[:, 1], bytes_of[:, 5] // 128 * 255, bytes_of[:, 6], bytes_of[:, 3] // 128 * 255], 1
    )
    assert np.array_equal(np.ascontiguousarray(results[:, 5]).view(np.uint8).reshape(-1, 4), want_bytes)


def round_once(exact: npt.NDArray[np.longdouble], dtype: torch.dtype) -> torch.Tensor:
    """To the nearest of the two 16-bit neighbours, ties to even, without an FP32 step between."""
    near = torch.from_numpy(exact.astype(np.float64)).to(dtype)
    best = near.clone()
    with np.errstate(invalid="ignore"):
        for step in (-1, 1):
            other = (near.view(torch.int16) + step).view(dtype)
            error = np.abs(other.double().numpy() - exact)
            now = np.abs(best.double().numpy() - exact)
            even = (other.view(torch.int16).numpy() & 1) == 0
            closer = torch.from_numpy((error < now) | ((error == now) & even))
            finite = best.isfinite() & other.isfinite()
            best = torch.where(closer & finite, other, best)
    return best


def test_fma_saturates_and_turns_nan_into_zero(probe: ctypes.CDLL) -> None:
    a = np.array([0.5, 2, -1, math.nan, math.inf, 0.25], np.float32)
    b = np.array([0.5, 3, 1, 1, 1, 1], np.float32)
    c = np.array([0.125, 1, 0, 0, 0, -0.25], np.float32)
    results = np.zeros((6, 2), np.float32)
    assert probe.probe_floats(at(a), at(b), at(c), at(results), 6) == 0
    assert results[:, 0].tolist() == [0.375, 1, 0, 0, 1, 0]
    assert not np.signbit(results[:, 0]).any()


def test_atomics_count_every_thread_and_the_barrier_tells_all_of_one(probe: ctypes.CDLL) -> None:
    sums, found = np.zeros(THREADS, np.uint32), np.zeros(THREADS, np.int32)
    assert probe.probe_counting(at(sums), at(found), 77) == 0, probe.emulator_fault().decode()
    assert sorted(sums.tolist()) == [5 + 3 * i for i in range(THREADS)]
    assert (found == 1).all()
    assert probe.probe_counting(at(sums), at(found), 500) == 0
    assert (found == 0).all()


def test_registers_given_away_can_be_taken(probe: ctypes.CDLL) -> None:
    done = np.zeros(3 * THREADS, np.int32)
    assert probe.probe_register_budget(at(done)) == 0, probe.emulator_fault().decode()
    assert done.all()
