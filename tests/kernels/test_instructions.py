"""The C++ twin of each PTX instruction, against the tables and rules of the PTX ISA.

https://docs.nvidia.com/cuda/parallel-thread-execution/
"""

from __future__ import annotations

import ctypes
import math
import re
from pathlib import Path

import pytest
import torch

from tests.kernels.emulated import compile_kernels, emulator_alone

PROBE = Path(__file__).with_name("probe.cu")
LANES = range(32)
DTYPES = [pytest.param(torch.float16, id="fp16"), pytest.param(torch.bfloat16, id="bf16")]


@pytest.fixture(scope="module")
def probe(tmp_path_factory: pytest.TempPathFactory, surroundings: tuple[str, ...]) -> ctypes.CDLL:
    target = tmp_path_factory.mktemp("probe") / "probe.so"
    native = ctypes.CDLL(str(compile_kernels(PROBE, target, emulator_alone(surroundings))))
    native.emulator_fault.restype = ctypes.c_char_p
    native.emulator_configure.argtypes = (ctypes.c_uint64, ctypes.c_uint, ctypes.c_uint)
    native.emulator_configure(0, 0, 2**32 - 1)
    return native


def at(tensor: torch.Tensor) -> ctypes.c_void_p:
    return ctypes.c_void_p(tensor.data_ptr())


@pytest.mark.parametrize("dtype", DTYPES)
def test_mma_follows_the_fragment_tables_of_m16n8k16(
    probe: ctypes.CDLL, dtype: torch.dtype
) -> None:
    generator = torch.Generator().manual_seed(1)
    a, b, c = (torch.randint(-8, 9, shape, generator=generator) for shape in
               ((16, 16), (16, 8), (16, 8)))  # fmt: skip
    a_regs, b_regs = torch.zeros(32, 8, dtype=dtype), torch.zeros(32, 4, dtype=dtype)
    d_regs = torch.zeros(32, 4)
    for lane in LANES:
        group, thread = lane // 4, lane % 4
        for i in range(8):
            row = group if i < 2 or 4 <= i < 6 else group + 8
            a_regs[lane, i] = a[row, 2 * thread + (i & 1) + (0 if i < 4 else 8)]
        for i in range(4):
            b_regs[lane, i] = b[2 * thread + (i & 1) + (0 if i < 2 else 8), group]
            d_regs[lane, i] = c[group if i < 2 else group + 8, 2 * thread + (i & 1)]
    assert probe.probe_mma(dtype is torch.bfloat16, at(a_regs), at(b_regs), at(d_regs)) == 0
    want = a @ b + c
    for lane in LANES:
        for i in range(4):
            row, column = lane // 4 + (0 if i < 2 else 8), 2 * (lane % 4) + (i & 1)
            assert d_regs[lane, i] == want[row, column], (lane, i)


@pytest.mark.parametrize("transposed", [False, True])
def test_ldmatrix_hands_each_lane_two_neighbours_of_each_matrix(
    probe: ctypes.CDLL, transposed: bool
) -> None:
    matrices = torch.arange(4 * 8 * 8, dtype=torch.int16).reshape(4, 8, 8)
    fragments = torch.zeros(32, 4, 2, dtype=torch.int16)
    assert probe.probe_ldmatrix(at(matrices), at(fragments), transposed) == 0
    seen = matrices.transpose(1, 2) if transposed else matrices
    for lane in LANES:
        for matrix in range(4):
            column = 2 * (lane % 4)
            want = seen[matrix, lane // 4, column : column + 2]
            assert torch.equal(fragments[lane, matrix], want), (lane, matrix)


def test_cp_async_fills_what_it_does_not_copy_with_zeros(probe: ctypes.CDLL) -> None:
    source = torch.arange(1, 32 * 16 + 1).to(torch.uint8).reshape(32, 16)
    target = torch.full((32, 16), 255, dtype=torch.uint8)
    bytes_ = torch.tensor([lane % 17 for lane in LANES], dtype=torch.int32)
    assert probe.probe_cp_async(at(source), at(target), at(bytes_)) == 0
    kept = torch.arange(16) < bytes_[:, None]
    assert torch.equal(target, torch.where(kept, source, torch.zeros_like(source)))


@pytest.mark.parametrize("lane_mask", [1, 2, 16, 31])
def test_shuffle_exchanges_lanes_that_differ_in_the_mask(
    probe: ctypes.CDLL, lane_mask: int
) -> None:
    values, exchanged = torch.arange(32.0), torch.zeros(32)
    assert probe.probe_shuffle(at(values), at(exchanged), lane_mask) == 0
    assert torch.equal(exchanged, values[[lane ^ lane_mask for lane in LANES]])


@pytest.mark.parametrize("dtype", DTYPES)
def test_pack_rounds_as_torch_does_with_low_in_the_low_half(
    probe: ctypes.CDLL, dtype: torch.dtype
) -> None:
    bits = torch.randint(0, 2**32, (200_000,), generator=torch.Generator().manual_seed(2))
    anything = bits.to(torch.uint32).view(torch.float32)
    # Every FP16 or BF16 number, and the exact middle between it and the next: ties.
    exact = torch.arange(2**16, dtype=torch.int32).to(torch.uint16).view(dtype).float()
    ties = (exact[:-1] + exact[1:]) / 2
    low = torch.cat([anything, exact, ties, torch.tensor([65519.99, 65520.0, 1e-8, 3e-8])])
    high = low.flip(0).contiguous()
    packed = torch.zeros(len(low), 2, dtype=dtype)
    assert probe.probe_pack(dtype is torch.bfloat16, at(low), at(high), at(packed), len(low)) == 0
    for half, wanted in ((0, low), (1, high)):
        got, want = packed[:, half], wanted.to(dtype)
        nan = torch.isnan(want)
        assert torch.equal(torch.isnan(got), nan)
        assert torch.equal(got[~nan].view(torch.int16), want[~nan].view(torch.int16))


def test_ex2_is_exact_at_whole_numbers_and_flushes_subnormals(probe: ctypes.CDLL) -> None:
    x = torch.tensor([0.0, -3.0, 127.0, 128.0, -126.0, -127.0, -140.0, -math.inf, math.inf, 1e-40])
    y = torch.full_like(x, 7.0)
    assert probe.probe_ex2(at(x), at(y), len(x)) == 0
    assert y.tolist() == [1.0, 0.125, 2.0**127, math.inf, 2.0**-126, 0, 0, 0, math.inf, 1.0]
    nan = torch.tensor([math.nan])
    probe.probe_ex2(at(nan), at(y), 1)
    assert math.isnan(y[0])


@pytest.mark.parametrize(
    ("what", "fault"),
    [
        pytest.param(0, "deadlock.*shfl.bfly", id="a lane stays away from a shuffle"),
        pytest.param(1, "deadlock.*barrier.sync", id="a warp stays away from a barrier"),
        pytest.param(2, "never written", id="uninitialised shared memory is read"),
        pytest.param(3, "outside the CTA's 1024 bytes", id="a store leaves shared memory"),
        pytest.param(4, "not 4-byte aligned", id="a store is misaligned"),
        pytest.param(5, "while a copy fills it", id="a copy is read before the wait"),
        pytest.param(6, "never waited for", id="a thread ends with a copy under way"),
        pytest.param(7, "not 16-byte aligned", id="a copy's source is misaligned"),
        pytest.param(8, "never written|no barrier since", id="a neighbour is read too early"),
        pytest.param(9, "while other lanes", id="a warp diverges at a collective"),
        pytest.param(10, "no barrier since", id="a chunk is overwritten under a reader"),
    ],
)
def test_undefined_behaviour_is_a_fault(probe: ctypes.CDLL, what: int, fault: str) -> None:
    source = torch.zeros(64, 4, dtype=torch.int32)
    assert probe.probe_wrong(what, at(source)) != 0
    assert re.search(fault, probe.emulator_fault().decode())
