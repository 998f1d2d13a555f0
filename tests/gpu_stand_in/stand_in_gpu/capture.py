"""CUDA graphs: what is called during a capture is kept, and called again by a replay.

A replay writes where the capture's results lie, as a real one does. Launches of compiled kernels
are kept by the driver; here stands how many of them came before each call.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch

from . import driver

_NOT_PERMITTED = """\
CUDA error: operation not permitted when stream is capturing
CUDA kernel errors might be asynchronously reported at some other API call, so the stacktrace below \
might be incorrect.
For debugging consider passing CUDA_LAUNCH_BLOCKING=1
Compile with `TORCH_USE_CUDA_DSA` to enable device-side assertions.
"""


@dataclass(frozen=True)
class _Call:
    """launches: captured by the driver before this call."""

    launches: int
    function: Callable[..., Any]
    args: Any
    kwargs: Any
    result: Any


class CUDAGraph:
    """torch.cuda.CUDAGraph."""

    _capturing: CUDAGraph | None = None

    def __init__(self, keep_graph: bool = False) -> None:
        self._calls: list[_Call] = []
        self._kept: list[Any] = []
        self._first = self._end = 0

    def capture_begin(self, pool: Any = None, capture_error_mode: str = "global") -> None:
        """Keep what is called from here on."""
        driver.require_sound()
        self._first = driver.native().stand_in_captured()
        driver.native().stand_in_capture(1)
        CUDAGraph._capturing = self

    def capture_end(self) -> None:
        """Up to here."""
        CUDAGraph._capturing = None
        driver.native().stand_in_capture(0)
        self._end = driver.native().stand_in_captured()

    def note(self, call: _Call) -> None:
        self._calls.append(call)

    def keep(self, tensor: Any) -> None:
        """As a real graph's pool keeps what was allocated during the capture."""
        self._kept.append(tensor)

    def replay(self) -> None:
        """All of it again, in the order of the capture."""
        driver.require_sound()
        at = self._first
        for call in self._calls:
            driver.raise_for(driver.native().stand_in_replay(at, call.launches))
            at = call.launches
            _again(call)
        driver.raise_for(driver.native().stand_in_replay(at, self._end))

    def reset(self) -> None:
        self._calls, self._kept = [], []

    def pool(self) -> tuple[int, int]:
        return (0, 1)


class graph:  # noqa: N801
    """torch.cuda.graph: capture in a `with` block."""

    def __init__(
        self, cuda_graph: CUDAGraph, pool: Any = None, stream: Any = None, **_: Any
    ) -> None:
        self._graph = cuda_graph

    def __enter__(self) -> None:
        driver.synchronize()
        self._graph.capture_begin()

    def __exit__(self, *_: object) -> None:
        self._graph.capture_end()


def capturing() -> bool:
    """Whether a capture is on."""
    return CUDAGraph._capturing is not None


def forbid() -> None:
    """What waits for the device may not be captured."""
    if capturing():
        raise torch.AcceleratorError(_NOT_PERMITTED)


def keep(tensor: Any) -> None:
    """Keep a tensor's memory for as long as the graph lives, if a capture is on."""
    if CUDAGraph._capturing is not None:
        CUDAGraph._capturing.keep(tensor)


def note(function: Any, args: Any, kwargs: Any, result: Any) -> None:
    """Keep one call of torch's, if a capture is on."""
    if CUDAGraph._capturing is not None:
        launches = driver.native().stand_in_captured()
        CUDAGraph._capturing.note(_Call(launches, function, args, kwargs, result))


def _again(call: _Call) -> None:
    with torch._C.DisableTorchFunctionSubclass():
        made = call.function(*call.args, **call.kwargs)
        before = call.result if isinstance(call.result, (tuple, list)) else (call.result,)
        after = made if isinstance(made, (tuple, list)) else (made,)
        for old, new in zip(before, after, strict=True):
            # A view, or the tensor that was written in place, is what it was.
            if isinstance(old, torch.Tensor) and old.data_ptr() != new.data_ptr():
                old.copy_(new)
