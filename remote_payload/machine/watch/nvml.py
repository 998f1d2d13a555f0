"""The GPU by NVML, where the host has NVIDIA's Python bindings for it (nvidia-ml-py)."""

from __future__ import annotations

import importlib
import time
from typing import Any, Callable, Optional, Sequence

from remote_payload.machine import nvidia_smi
from remote_payload.machine.watch.rows import GpuRow

BY = "NVML"
# Of nvml.h, where they will stay.
_SM, _MEMORY, _OF_GPU, _SLOWDOWN = 1, 2, 0, 1
_MW_PER_W = 1e3


class Nvml:
    """One GPU. gpu: its UUID or index, as nvidia-smi counts. Raises whatever stands in the way."""

    def __init__(self, gpu: str) -> None:
        self._nvml: Any = importlib.import_module("pynvml")
        self._nvml.nvmlInit()
        of = self._nvml
        self._device: Any = (
            of.nvmlDeviceGetHandleByIndex(int(gpu))
            if gpu.isdigit()
            else of.nvmlDeviceGetHandleByUUID(gpu)
        )
        # A part of a GPU has no clocks of its own.
        if self._told("nvmlDeviceIsMigDeviceHandle"):
            self._device = of.nvmlDeviceGetDeviceHandleFromMigDeviceHandle(self._device)
        self._slowdown_c = self._told("nvmlDeviceGetTemperatureThreshold", _SLOWDOWN)

    def look(self) -> GpuRow:
        """One row, as of now."""
        temperature_c = self._told("nvmlDeviceGetTemperature", _OF_GPU)
        return GpuRow(
            at_s=time.monotonic(),
            sm_clock_mhz=self._told("nvmlDeviceGetClockInfo", _SM),
            memory_clock_mhz=self._told("nvmlDeviceGetClockInfo", _MEMORY),
            power_w=_watts(self._told("nvmlDeviceGetPowerUsage")),
            power_limit_w=_watts(self._told("nvmlDeviceGetEnforcedPowerLimit")),
            temperature_c=temperature_c,
            margin_c=self._margin_c(temperature_c),
            reasons=self._reasons(),
            by=BY,
        )

    def pids(self) -> Optional[Sequence[int]]:
        """Who computes on it, by the numbers of the host; None where that is not told."""
        try:
            every = self._nvml.nvmlDeviceGetComputeRunningProcesses(self._device)
            return [int(one.pid) for one in every]
        except Exception:
            return None

    def _margin_c(self, temperature_c: Optional[float]) -> Optional[float]:
        """Newer GPUs tell the distance, older ones the temperature at which they slow down."""
        margin_c = self._told("nvmlDeviceGetMarginTemperature")
        if margin_c is None and self._slowdown_c and temperature_c is not None:
            return self._slowdown_c - temperature_c
        return margin_c

    def _reasons(self) -> Any:
        # Drivers before 535 know only the second name.
        for name in ("Event", "Throttle"):
            mask = self._told(f"nvmlDeviceGetCurrentClocks{name}Reasons")
            if mask is not None:
                return nvidia_smi.reasons(hex(int(mask)))
        return None

    def _told(self, question: str, *more: int) -> Optional[float]:
        """None for what this driver, these bindings or this GPU do not tell."""
        try:
            ask: Callable[..., Any] = getattr(self._nvml, question)
            return float(ask(self._device, *more))
        except Exception:
            return None


def _watts(milliwatts: Optional[float]) -> Optional[float]:
    return None if milliwatts is None else milliwatts / _MW_PER_W
