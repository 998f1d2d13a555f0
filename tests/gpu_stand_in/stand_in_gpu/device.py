"""torch.cuda: one H100, streams that are all one, events by the host's clock."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import torch

from . import capture, driver
from .tensors import DEVICE

PROPERTIES = SimpleNamespace(
    name="NVIDIA H100 80GB HBM3",
    major=9,
    minor=0,
    uuid="5a1d0bad-0000-4000-8000-00000000c0de",
    total_memory=84_986_626_048,
    multi_processor_count=132,
    L2_cache_size=52_428_800,
    max_threads_per_multi_processor=2048,
    shared_memory_per_block=49_152,
    shared_memory_per_block_optin=232_448,
    shared_memory_per_multiprocessor=233_472,
    regs_per_multiprocessor=65_536,
    warp_size=32,
    is_integrated=0,
    is_multi_gpu_board=0,
    gcnArchName="",
    pci_bus_id=25,
    pci_device_id=0,
    pci_domain_id=0,
)
# Functions that have nothing to do here.
_NOTHING = (
    "init", "_lazy_init", "empty_cache", "manual_seed", "manual_seed_all", "seed",
    "set_device", "ipc_collect", "reset_peak_memory_stats", "reset_accumulated_memory_stats",
)  # fmt: skip
# Functions of torch._C with a number for an answer: the device's, or its only stream's.
_OF_THE_CORE = (
    "_cuda_exchangeDevice", "_cuda_getCurrentRawStream", "_cuda_getDevice",
    "_cuda_maybeExchangeDevice",
)  # fmt: skip
_FREE_BYTES = 84_000_000_000


class Stream:
    """torch.cuda.Stream. All are one: what is launched is done before the launch returns."""

    def __init__(self, device: Any = None, priority: int = 0, **_: Any) -> None:
        self.device, self.priority, self.cuda_stream, self.stream_id = DEVICE, priority, 0, 0
        self.device_index = 0

    def synchronize(self) -> None:
        capture.forbid()
        driver.synchronize()

    def wait_stream(self, stream: Any) -> None:
        driver.require_sound()

    def wait_event(self, event: Any) -> None:
        driver.require_sound()

    def record_event(self, event: Any = None) -> Any:
        made = Event() if event is None else event
        made.record(self)
        return made

    def query(self) -> bool:
        driver.require_sound()
        return True


class Event:
    """torch.cuda.Event."""

    def __init__(self, enable_timing: bool = False, **_: Any) -> None:
        self._timing, self._at_s = enable_timing, 0.0

    def record(self, stream: Any = None) -> None:
        driver.require_sound()
        self._at_s = time.perf_counter()

    def synchronize(self) -> None:
        driver.synchronize()

    def wait(self, stream: Any = None) -> None:
        driver.require_sound()

    def query(self) -> bool:
        driver.require_sound()
        return True

    def elapsed_time(self, end: Event) -> float:
        """Milliseconds."""
        driver.require_sound()
        if not (self._timing and end._timing):
            raise ValueError("Both events must be created with argument 'enable_timing=True'.")
        # Events have a resolution of about half a microsecond, and never say zero.
        return max((end._at_s - self._at_s) * 1e3, 0.0005)


class device_of_choice:  # noqa: N801
    """torch.cuda.device, a context without effect: there is one."""

    def __init__(self, device: Any = None) -> None:
        self.idx, self.prev_idx = 0, 0

    def __enter__(self) -> None:
        return None

    def __exit__(self, *_: object) -> None:
        return None


@contextlib.contextmanager
def _stream(stream: Any) -> Iterator[None]:
    yield


def _synchronize(device: Any = None) -> None:
    capture.forbid()
    driver.synchronize()


def install() -> None:
    """Put all of it into torch.cuda."""
    cuda: Any = torch.cuda
    one = Stream()
    nothing = {name: lambda *_, **__: None for name in _NOTHING}
    answers = {
        "is_available": True,
        "is_initialized": True,
        "device_count": 1,
        "current_device": 0,
        "get_device_name": PROPERTIES.name,
        "get_device_capability": (PROPERTIES.major, PROPERTIES.minor),
        "get_device_properties": PROPERTIES,
        "get_arch_list": ["sm_75", "sm_80", "sm_86", "sm_90", "sm_100", "sm_120"],
        "mem_get_info": (_FREE_BYTES, PROPERTIES.total_memory),
        "memory_allocated": 0,
        "max_memory_allocated": 0,
        "memory_reserved": 0,
        "current_stream": one,
        "default_stream": one,
        "is_bf16_supported": True,
    }
    for name, value in answers.items():
        setattr(cuda, name, lambda *_, _value=value, **__: _value)
    for name, act in nothing.items():
        setattr(cuda, name, act)
    cuda.synchronize, cuda.stream, cuda.device = _synchronize, _stream, device_of_choice
    cuda.Stream, cuda.Event = Stream, Event
    cuda.CUDAGraph, cuda.graph = capture.CUDAGraph, capture.graph
    # What torch.cuda itself asks, and a few callers for speed.
    core: Any = torch._C
    for name in _OF_THE_CORE:
        setattr(core, name, lambda *_, **__: 0)
    cuda.is_current_stream_capturing = capture.capturing
    cuda.graph_pool_handle = lambda: (0, 0)
