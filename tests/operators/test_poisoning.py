"""What is never written shows, wherever malloc found the memory."""

from __future__ import annotations

import ctypes
import random

import pytest
import torch

from remote_payload.operators.judging.poisoning import poisoned

DTYPES = (torch.float16, torch.bfloat16, torch.float32, torch.float64)
needs_glibc = pytest.mark.skipif(
    not hasattr(ctypes.CDLL(None), "mallopt"), reason="this libc fills nothing"
)


def heap_of_old_answers(size: tuple[int, ...], dtype: torch.dtype, seed: int) -> list[torch.Tensor]:
    """Holes between what stays, all of it full of sevens: the heap of a process that worked."""
    made = [torch.full(size, 7, dtype=dtype) for _ in range(40)]
    return random.Random(seed).sample(made, 20)


@needs_glibc
@pytest.mark.parametrize("dtype", DTYPES, ids=str)
@pytest.mark.parametrize("size", [(64, 48), (7, 999), (1024, 1024)], ids=str)
def test_an_output_that_is_not_written_is_nan_on_any_heap(
    size: tuple[int, ...], dtype: torch.dtype
) -> None:
    for seed in range(10):
        _kept = heap_of_old_answers(size, dtype, seed)
        with poisoned([(size, dtype)], "cpu"):
            outputs = [torch.empty(size, dtype=dtype) for _ in range(25)]
        assert all(bool(out.isnan().all()) for out in outputs), f"seed {seed}"


@needs_glibc
def test_so_is_what_has_another_form_than_the_output() -> None:
    _kept = heap_of_old_answers((600,), torch.float32, 0)
    with poisoned([((64, 48), torch.float16)], "cpu"):
        scratch = [torch.empty(600) for _ in range(25)]
    assert all(bool(one.isnan().all()) for one in scratch)


def test_nothing_is_filled_any_more_once_the_call_is_over_or_failed() -> None:
    with pytest.raises(ZeroDivisionError), poisoned([((4096,), torch.float32)], "cpu"):
        raise ZeroDivisionError
    found = []
    for seed in range(10):
        _kept = heap_of_old_answers((4096,), torch.float32, seed)
        found += [torch.empty(4096) for _ in range(20)]
    assert any(bool((one[64:] == 7).all()) for one in found)


@needs_glibc
def test_whole_numbers_that_are_not_written_are_no_old_answers_either() -> None:
    _kept = heap_of_old_answers((4096,), torch.int64, 0)
    with poisoned([((4096,), torch.int64)], "cpu"):
        outputs = [torch.empty(4096, dtype=torch.int64) for _ in range(25)]
    assert all(bool((out == -1).all()) for out in outputs)
