"""torch's functions that make tensors out of nothing, and random number generators."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import torch

from . import capture, driver
from .tensors import DEVICE, is_cuda, on_cuda, plain

_NAMES = (
    "arange", "as_tensor", "asarray", "empty", "empty_strided", "eye", "full", "linspace",
    "logspace", "ones", "rand", "randint", "randn", "randperm", "scalar_tensor", "tensor",
    "zeros",
)  # fmt: skip


def install() -> None:
    """Let all of them take device="cuda"."""
    for name in _NAMES:
        setattr(torch, name, _factory(getattr(torch, name)))
    torch.Generator = Generator


def _factory(original: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(original)
    def made(*args: Any, **kwargs: Any) -> Any:
        if not is_cuda(kwargs.get("device")):
            return original(*args, **kwargs)
        driver.require_sound()
        kwargs["device"] = "cpu"
        tensor = on_cuda(original(*(plain(each) for each in args), **kwargs))
        capture.keep(tensor)
        return tensor

    return made


class Generator(torch._C.Generator):  # type: ignore[misc]
    """torch.Generator on either device; on the GPU it draws what the CPU's draws."""

    _stand_in = False

    def __new__(cls, device: Any = "cpu") -> Generator:
        made: Generator = super().__new__(cls, "cpu")
        made._stand_in = is_cuda(device)
        return made

    def __init__(self, device: Any = "cpu") -> None:
        pass

    @property
    def device(self) -> Any:
        return DEVICE if self._stand_in else torch.device("cpu")
