"""The ways to take a time: by the host's clock, by CUDA events, by a replayed graph."""

from __future__ import annotations

import glob
import operator
import statistics
from dataclasses import dataclass
from time import perf_counter  # ours, whatever anybody makes of `time` later
from typing import Any, Callable, Optional, Protocol, Tuple

import torch

from remote_payload.machine.recording import NotRecordable, Recording

Tensor = Any
Call = Callable[[], Tensor]

# A buffer this large is also what triton.testing.do_bench clears before each call: its memset
# keeps the GPU busy for longer than Python needs to launch the call that is timed.
GPU_FLUSH_BYTES = 256 << 20
CPU_CACHE_BYTES = 32 << 20  # assumed where the operating system does not tell
US_PER_S, US_PER_MS = 1e6, 1e3


class Recorded(Protocol):
    """Calls that can be replayed without their caller; see recording.Recording."""

    output: Tensor

    def replay(self) -> None: ...

    def sample(self) -> float: ...


@dataclass(frozen=True)
class Burst:
    """Calls in a row, in microseconds per call. out: the last output.

    mean_us: all of them divided by their number, where time_us is their median; None where time_us
    is that itself. host_us: what the host needed to enqueue them; None where it computes them
    itself. If that is as long as time_us, the device waited for the host and time_us says nothing
    about the device.
    """

    time_us: float
    host_us: Optional[float]
    out: Tensor
    mean_us: Optional[float] = None


class Clock(Protocol):
    """Takes the time of calls in each of the ways that a Method names."""

    def burst(self, call: Call, warmup: int, calls: int) -> Burst:
        """`calls` calls in a row, after `warmup` others."""

    def cold(self, call: Call) -> Tuple[float, Tensor]:
        """Microseconds of one call after the last-level cache was overwritten."""

    def record(self, call: Call, calls: int) -> Recorded:
        """`calls` calls, to be replayed; NotRecordable if that cannot be."""


class CpuClock:
    """Times calls with the host's monotonic clock, one by one: whoever interrupts a call, be it for
    the few milliseconds of a scheduler's slice, is in that one and not in the median of all."""

    def __init__(self) -> None:
        self._flush = torch.empty(2 * _cpu_cache_bytes(), dtype=torch.uint8)

    def burst(self, call: Call, warmup: int, calls: int) -> Burst:
        """`calls` calls in a row, after `warmup` others; all of it is the host's time."""
        for _ in range(warmup):
            call()
        moments = [perf_counter()]
        for _ in range(calls):
            out = call()
            moments.append(perf_counter())
        median_s = statistics.median(map(operator.sub, moments[1:], moments))
        mean_us = (moments[-1] - moments[0]) * US_PER_S / calls
        return Burst(median_s * US_PER_S, None, out, mean_us)

    def cold(self, call: Call) -> Tuple[float, Tensor]:
        """Microseconds of one call after the last-level cache was overwritten."""
        self._flush.zero_()
        burst = self.burst(call, 0, 1)
        return burst.time_us, burst.out

    def record(self, call: Call, calls: int) -> Recorded:
        """NotRecordable, always."""
        raise NotRecordable("a CPU has no CUDA graphs")


class CudaClock:
    """Times calls with CUDA events on the current stream, as the GPU reaches them."""

    def __init__(self) -> None:
        l2 = getattr(torch.cuda.get_device_properties(0), "L2_cache_size", 0)
        size = max(2 * l2, GPU_FLUSH_BYTES)
        self._flush = torch.empty(size, dtype=torch.uint8, device="cuda")
        self._start = torch.cuda.Event(enable_timing=True)
        self._end = torch.cuda.Event(enable_timing=True)

    def burst(self, call: Call, warmup: int, calls: int) -> Burst:
        """`calls` launches between two events, and the host's time from the first to the last."""
        for _ in range(warmup):
            call()
        self._start.record()
        start = perf_counter()
        for _ in range(calls):
            out = call()
        host_s = perf_counter() - start
        self._end.record()
        self._end.synchronize()
        time_us = self._start.elapsed_time(self._end) * US_PER_MS / calls
        return Burst(time_us, host_s * US_PER_S / calls, out)

    def cold(self, call: Call) -> Tuple[float, Tensor]:
        """Microseconds of one launch after the L2 cache was overwritten."""
        self._flush.zero_()
        burst = self.burst(call, 0, 1)
        return burst.time_us, burst.out

    def record(self, call: Call, calls: int) -> Recorded:
        """`calls` launches in a CUDA graph; NotRecordable if the provider does not allow it."""
        return Recording(call, calls)


def _cpu_cache_bytes() -> int:
    """Size of the last-level cache by Linux's sysfs, e.g. "32768K"."""
    sizes = [CPU_CACHE_BYTES]
    for path in glob.glob("/sys/devices/system/cpu/cpu0/cache/index*/size"):
        try:
            with open(path, encoding="ascii") as handle:
                text = handle.read().strip()
            sizes.append(int(text[:-1]) << {"K": 10, "M": 20}[text[-1]])
        except (OSError, ValueError, KeyError, IndexError):
            continue
    return max(sizes)
