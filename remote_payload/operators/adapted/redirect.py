"""Code that insists on device='cuda', rehearsed on a CPU.

Every function of torch that names a CUDA device gets the CPU instead; what then still needs a GPU,
such as a stream, raises, and `needs_a_gpu` knows the words.
"""

from __future__ import annotations

import contextlib
import re
from typing import Any, Callable, Dict, Iterator, Tuple

import torch
from torch.overrides import TorchFunctionMode

TOLD = "device='cuda' redirected to the CPU"
_NEEDS = re.compile(
    r"CUDA|cuda|NVIDIA|0 active drivers|no active driver|HIP|nvcc|libcuda|is_cuda|"
    r"Pointer argument .* cannot be accessed from Triton"
)


def names_a_gpu(text: str) -> bool:
    """Whether a source would have to be redirected."""
    return "cuda" in text


def needs_a_gpu(exc: BaseException) -> bool:
    """Whether an exception on a machine without a GPU says that there is none."""
    text = f"{type(exc).__name__}: {exc}"
    # What a device would say of a kernel, no machine without one says.
    fault = "CUDA error" in text and "no CUDA-capable device" not in text
    return not fault and _NEEDS.search(text) is not None


class _ToCpu(TorchFunctionMode):  # type: ignore[misc]
    def __torch_function__(
        self, func: Any, types: Any, args: Tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        given: Dict[str, Any] = dict(kwargs or {})
        if getattr(func, "__name__", "") == "cuda" and args and isinstance(args[0], torch.Tensor):
            return args[0]
        if "device" in given:
            given["device"] = _on_cpu(given["device"])
        return func(*(_on_cpu(one) if _is_device(one) else one for one in args), **given)


@contextlib.contextmanager
def to_cpu() -> Iterator[None]:
    """Meanwhile CUDA means CPU. Not for two threads at once."""
    kept = {(owner, name): getattr(owner, name) for owner, name, _ in _REPLACED}
    for owner, name, new in _REPLACED:
        setattr(owner, name, new)
    try:
        with _ToCpu():
            yield
    finally:
        for (owner, name), old in kept.items():
            setattr(owner, name, old)


def _is_device(value: Any) -> bool:
    if isinstance(value, torch.device):
        return bool(value.type == "cuda")
    return isinstance(value, str) and re.match(r"cuda(:\d+)?\Z", value) is not None


def _on_cpu(value: Any) -> Any:
    number = isinstance(value, int) and not isinstance(value, bool)
    return "cpu" if number or _is_device(value) else value


class _Generator(torch.Generator):  # type: ignore[misc]
    """A generator is a type, whose calls no mode sees."""

    def __new__(cls, device: Any = "cpu") -> Any:
        return _GENERATOR(device=_on_cpu(device))


def _nothing() -> Callable[..., None]:
    """A function of its own for each place: torch.compile takes one at two places for a fault."""
    return lambda *_, **__: None


def _module_cuda(module: Any, device: Any = None) -> Any:
    return module


_GENERATOR = torch.Generator
# What is no function of tensors: (owner, name, instead).
_REPLACED: Tuple[Tuple[Any, str, Any], ...] = (
    (torch, "Generator", _Generator),
    (torch.cuda, "synchronize", _nothing()),
    (torch.cuda, "empty_cache", _nothing()),
    (torch.cuda, "manual_seed", _nothing()),
    (torch.cuda, "manual_seed_all", _nothing()),
    (torch.nn.Module, "cuda", _module_cuda),
)
