"""torch.profiler: the CPU's own trace, and in it the kernels that the stand-in ran.

The events are those that Kineto writes of CUPTI's records (category "kernel").
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch

from . import driver, kernels


def install() -> None:
    """Have torch.profiler.profile see kernels where ProfilerActivity.CUDA is asked for."""
    import torch.profiler as profiler

    real: Any = profiler.profile
    cuda = profiler.ProfilerActivity.CUDA

    class Profile(real):  # type: ignore[misc]
        """torch.profiler.profile."""

        def __init__(self, *, activities: Any = None, **options: Any) -> None:
            self._kernels = activities is None or cuda in activities
            self._events: list[dict[str, Any]] = []
            super().__init__(activities=[profiler.ProfilerActivity.CPU], **options)

        def start(self) -> None:
            super().start()
            if self._kernels:
                kernels.seen = []
                driver.native().stand_in_watch(1)

        def stop(self) -> None:
            if self._kernels:
                self._events = _events()
                kernels.seen = None
                driver.native().stand_in_watch(0)
            super().stop()

        def export_chrome_trace(self, path: str) -> None:
            super().export_chrome_trace(path)
            trace = json.loads(Path(path).read_text("utf-8", "replace"), strict=False)
            trace["traceEvents"] += self._events
            Path(path).write_text(json.dumps(trace))

    profiler.profile = Profile
    torch.autograd.profiler.kineto_available()


def _events() -> list[dict[str, Any]]:
    found = [_event(name, start, end, 1, 128, 0) for name, start, end in kernels.seen or ()]
    for line in driver.native().stand_in_watched().decode("utf-8", "replace").splitlines():
        name, grid, block, shared, start, end = line.split("\t")
        found.append(_event(name, float(start), float(end), int(grid), int(block), int(shared)))
    return found


def _event(name: str, start_us: float, end_us: float, grid: int, block: int, shared: int) -> Any:
    return {
        "ph": "X",
        "cat": "kernel",
        "name": name,
        "pid": 0,
        "tid": 7,
        "ts": start_us,
        "dur": max(end_us - start_us, 1.0),
        "args": {
            "device": 0,
            "stream": 7,
            "registers per thread": 168,
            "shared memory": shared,
            "grid": [grid, 1, 1],
            "block": [block, 1, 1],
        },
    }
