"""Documented peaks of the GPUs we know, each with its source; nothing here is measured by us.

The links name the vendors' own pages, which could not be opened where this was written. Read
instead were reprints of NVIDIA's tables: H100 SXM and PCIe (archive-lib.hpctech.co.jp,
glennklockwood.com/garden/processors/h100), H200 (itkb.uw.cz), L40S (mullet.se, of the data sheet),
RTX 4090 (waredb.com, of the whitepaper); for others see the comments beside them. SM counts,
highest clocks, L2 and memory clocks are what GPUs said of themselves: to Nsight Compute an H100
PCIe (114 SMs, 1755 MHz, 50 MiB, 1593 MHz on 5120 bit), a GH200 (132, 1980 MHz, 60 MiB) and a B200
(148, 1965 MHz, 126.5 MiB, 3996 MHz on 7680 bit), to nvidia-smi an H100 SXM and an H200 (1980 MHz)
and an A100 (1410 MHz). `unconfirmed` names what none of these says; the section "Without counters"
repeats it.
"""

from __future__ import annotations

from orchestrator.performance.devices.ada import ADA
from orchestrator.performance.devices.ampere import AMPERE
from orchestrator.performance.devices.blackwell import BLACKWELL
from orchestrator.performance.devices.device import Device
from orchestrator.performance.devices.hopper import HOPPER

__all__ = ["DEVICES", "Device", "find"]

DEVICES = (*AMPERE, *HOPPER, *ADA, *BLACKWELL)


def find(gpu_name: str | None) -> Device | None:
    """The device nvidia-smi calls `gpu_name`; None for an unknown one and for the CPU."""
    for device in DEVICES:
        if gpu_name in device.gpu_names:
            return device
    return None
