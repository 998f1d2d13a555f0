"""TMA's twin against the PTX ISA: boxes, swizzles, edges; and the bytes it completes.

https://docs.nvidia.com/cuda/parallel-thread-execution/#tensor-swizzling-modes
"""

from __future__ import annotations

import ctypes

import numpy as np
import pytest

from tests.kernels.hopper_probe import (
    Words,
    aligned,
    at,
    encode,
    swizzle,
    tensor_map,
    unswizzled,
)


def box_of(tensor: Words, corner: tuple[int, ...], box: tuple[int, ...]) -> Words:
    """The elements a box covers, zeros outside; corner and box outermost first."""
    out = np.zeros(box, np.uint16)
    for index in np.ndindex(box):
        place = tuple(c + i for c, i in zip(corner, index, strict=True))
        if all(0 <= p < size for p, size in zip(place, tensor.shape, strict=True)):
            out[index] = tensor[place]
    return out


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
    hopper_probe: ctypes.CDLL, corner: tuple[int, int], width: int
) -> None:
    tensor = aligned((13, 72))
    tensor[:] = np.arange(1, tensor.size + 1).reshape(tensor.shape)
    box = (9, width // 2)
    made = tensor_map(hopper_probe, tensor, [72, 13], [144], [box[1], box[0]], width)
    bytes_ = 2 * box[0] * box[1]
    dump = np.zeros(bytes_ // 2, np.uint16)
    c = (ctypes.c_int * 4)(corner[1], corner[0])
    code = hopper_probe.probe_tma_load(made, 2, c, bytes_, at(dump))
    assert code == 0, hopper_probe.emulator_fault().decode()
    # The last line may be cut short: a swizzle moves pieces only within lines that are whole here.
    whole = bytes_ // 128 * 64
    want = box_of(tensor, corner, box).reshape(-1)
    assert np.array_equal(unswizzled(dump[:whole], width), want[:whole])


def test_tma_walks_four_dimensions_by_their_strides(hopper_probe: ctypes.CDLL) -> None:
    tensor = aligned((2, 5, 3, 64))  # [B, S, H, D] in memory, seen as {D, S, H, B}
    tensor[:] = np.arange(1, tensor.size + 1).reshape(tensor.shape)
    made = tensor_map(
        hopper_probe, tensor, [64, 5, 3, 2], [3 * 128, 128, 15 * 128], [64, 8, 1, 1], 128
    )
    dump = np.zeros((8, 64), np.uint16)
    assert hopper_probe.probe_tma_load(made, 4, (ctypes.c_int * 4)(0, 2, 1, 1), 1024, at(dump)) == 0
    want = np.zeros((8, 64), np.uint16)
    want[:3] = tensor[1, 2:, 1]
    assert np.array_equal(unswizzled(dump, 128), want.reshape(-1))


@pytest.mark.parametrize("corner", CORNERS)
def test_tma_stores_only_what_is_inside(hopper_probe: ctypes.CDLL, corner: tuple[int, int]) -> None:
    tensor, box = aligned((13, 72)), (8, 64)
    made = tensor_map(hopper_probe, tensor, [72, 13], [144], [64, 8], 128)
    rows = np.arange(1, 513).astype(np.uint16).reshape(box)
    source = np.zeros(512, np.uint16)
    source[[swizzle(2 * i, 128) // 2 for i in range(512)]] = rows.reshape(-1)
    c = (ctypes.c_int * 4)(corner[1], corner[0])
    code = hopper_probe.probe_tma_store(made, 2, c, 1024, at(source))
    assert code == 0, hopper_probe.emulator_fault().decode()
    want = np.zeros_like(tensor)
    for i, j in np.ndindex(box):
        if 0 <= corner[0] + i < 13 and 0 <= corner[1] + j < 72:
            want[corner[0] + i, corner[1] + j] = rows[i, j]
    assert np.array_equal(tensor, want)


REFUSED = [
    pytest.param([72, 13], [144], [64, 4], 8, id="the base is not 16-byte aligned"),
    pytest.param([72, 13], [136], [64, 4], 0, id="a stride is no multiple of 16 bytes"),
    pytest.param([72, 13], [144], [128, 4], 0, id="a row is wider than the swizzle"),
    pytest.param([72, 13], [144], [60, 4], 0, id="a row is no multiple of 16 bytes"),
    pytest.param([72, 13], [144], [64, 257], 0, id="the box is longer than 256"),
    pytest.param([0, 13], [144], [64, 4], 0, id="a size is zero"),
]


@pytest.mark.parametrize(("sizes", "strides", "box", "base"), REFUSED)
def test_a_tensor_map_the_driver_refuses_is_refused(
    hopper_probe: ctypes.CDLL, sizes: list[int], strides: list[int], box: list[int], base: int
) -> None:
    code, _ = encode(hopper_probe, aligned((16, 128)), sizes, strides, box, 128, base)
    assert code == 1


def test_mbarrier_parity_names_the_phase_before(hopper_probe: ctypes.CDLL) -> None:
    seen = np.zeros(3, np.int32)
    assert hopper_probe.probe_mbarrier_phases(at(seen)) == 0
    assert seen.tolist() == [1, 1, 1]


@pytest.mark.parametrize("seed", range(4))
def test_mbarrier_counts_bytes_that_come_before_they_are_expected(
    hopper_probe: ctypes.CDLL, seed: int
) -> None:
    tensor = aligned((8, 64))
    tensor[:] = np.arange(tensor.size).reshape(tensor.shape)
    made = tensor_map(hopper_probe, tensor, [64, 8], [128], [64, 8], 128)
    dump = np.zeros((2, 512), np.uint16)
    hopper_probe.emulator_configure(seed, 0, 2**32 - 1)
    code = hopper_probe.probe_mbarrier_bytes(made, 1024, at(dump))
    hopper_probe.emulator_configure(1, 0, 2**32 - 1)
    assert code == 0, hopper_probe.emulator_fault().decode()
    for half in dump:
        assert np.array_equal(unswizzled(half, 128), tensor.reshape(-1))
