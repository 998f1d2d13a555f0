"""The exponential that skips the MUFU keeps the error its comment promises."""

from __future__ import annotations

import ctypes
from pathlib import Path

import pytest
import torch

from tests.kernels.emulated import compile_kernels, emulator_alone


@pytest.fixture(scope="module")
def native(tmp_path_factory: pytest.TempPathFactory, surroundings: tuple[str, ...]) -> ctypes.CDLL:
    unit = Path(__file__).with_name("hopper_exponential.cu")
    target = tmp_path_factory.mktemp("exponential") / "exponential.so"
    return ctypes.CDLL(str(compile_kernels(unit, target, emulator_alone(surroundings))))


def exponentials(native: ctypes.CDLL, x: torch.Tensor, offset: float = 0.0) -> torch.Tensor:
    """2^(x + offset) as the kernel computes it; x has an even number of elements."""
    x = x.float().contiguous()
    result = torch.empty(x.numel(), dtype=torch.float16)
    pointers = (ctypes.c_void_p(x.data_ptr()), ctypes.c_void_p(result.data_ptr()))
    assert native.run_exponentials(*pointers, x.numel() // 2, ctypes.c_float(offset)) == 0
    return result.double()


def test_normal_weights_are_right_to_fp16_and_without_bias(native: ctypes.CDLL) -> None:
    x = torch.linspace(-13.99, 15.99, 1 << 18)
    relative = exponentials(native, x) / torch.exp2(x.double()) - 1
    assert float(relative.abs().max()) < 2.1e-3
    assert float(relative.square().mean().sqrt()) < 7e-4
    assert abs(float(relative.mean())) < 1e-4


def test_tiny_weights_are_off_by_less_than_fp16_can_tell_from_one(native: ctypes.CDLL) -> None:
    x = torch.linspace(-40, -14, 1 << 12)
    assert float((exponentials(native, x) - torch.exp2(x.double())).abs().max()) < 2**-14


def test_what_fp16_cannot_hold_becomes_infinite_and_never_wraps(native: ctypes.CDLL) -> None:
    x = torch.cat([torch.linspace(16, 40, 1 << 12), torch.tensor([1e3, 1e6, 1e30, torch.inf])])
    assert exponentials(native, x).isinf().all()
    assert (exponentials(native, -x) < 2**-14).all()


def test_the_offset_moves_the_exponent(native: ctypes.CDLL) -> None:
    x = torch.linspace(100, 110, 1 << 12)
    relative = exponentials(native, x, offset=-108.0) / torch.exp2(x.double() - 108) - 1
    assert float(relative.abs().max()) < 2.1e-3
