"""What the tasks of this folder share: exact settings, and how answers are compared."""

from collections.abc import Callable
from typing import Any

import torch


class Exact:
    """Within it, and in functions it decorates, no product is rounded to TF32 on its way."""

    def __enter__(self):
        self._before = torch.backends.cuda.matmul.allow_tf32, torch.backends.cudnn.allow_tf32
        torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = False
        return self

    def __exit__(self, *raised):
        torch.backends.cuda.matmul.allow_tf32, torch.backends.cudnn.allow_tf32 = self._before

    def __call__(self, function: Callable) -> Callable:
        def exactly(*args: Any, **kwargs: Any) -> Any:
            with self:
                return function(*args, **kwargs)

        return exactly


def copied(data: Any) -> Any:
    """The same tree of containers with every tensor cloned."""
    if isinstance(data, torch.Tensor):
        return data.clone()
    if hasattr(data, "_fields"):
        return type(data)(*map(copied, data))
    if isinstance(data, (tuple, list)):
        return type(data)(copied(part) for part in data)
    if isinstance(data, dict):
        return {key: copied(part) for key, part in data.items()}
    return data


def complaint(got: Any, wanted: torch.Tensor, rtol: float, atol: float) -> str:
    """Why `got` is not `wanted`; empty if it is."""
    if not isinstance(got, torch.Tensor):
        return f"a tensor was expected, not {type(got).__name__}"
    if got.shape != wanted.shape:
        return f"shape is {tuple(got.shape)}, expected {tuple(wanted.shape)}"
    if got.dtype != wanted.dtype:
        return f"dtype is {got.dtype}, expected {wanted.dtype}"
    if not wanted.dtype.is_floating_point:
        unequal = int((got != wanted).sum())
        return f"{unequal} elements differ" if unequal else ""
    got, wanted = got.double(), wanted.double()
    # Negated, so that NaN is off as well.
    off = ~((got - wanted).abs() <= atol + rtol * wanted.abs())
    return f"{int(off.sum())} elements are off" if off.any() else ""


def match_against(reference: Callable, rtol: float = 1e-5, atol: float = 1e-6) -> Callable:
    """A check_implementation that runs `reference` on a copy of the data; several outputs go in
    order."""

    def check(data: Any, output: Any) -> tuple[bool, str]:
        wanted = reference(copied(data))
        if isinstance(wanted, torch.Tensor):
            output, wanted = (output,), (wanted,)
        if not isinstance(output, (tuple, list)) or len(output) != len(wanted):
            return False, f"{len(wanted)} outputs were expected"
        for place, (one, other) in enumerate(zip(output, wanted)):
            said = complaint(one, other, rtol, atol)
            if said:
                return False, f"output {place}: {said}"
        return True, ""

    return check
