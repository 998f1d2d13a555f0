"""An H100 for torch, on the CPU: `install(torch)` once torch has been imported.

Loaded by the sitecustomize.py of the machine's Python, so that every process has it.
"""

from __future__ import annotations

from types import ModuleType


def install(torch: ModuleType) -> None:
    """Make torch.cuda an H100, and tensors asked for on "cuda" lie on the CPU and say otherwise."""
    from . import device, factories, profiler, tensors

    tensors.install()
    factories.install()
    device.install()
    profiler.install()
