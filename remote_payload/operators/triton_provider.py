"""Providers that are a Triton kernel of ours, in a module of its own beside the operator."""

from __future__ import annotations

import contextlib
import importlib
import importlib.util
from typing import Any

from remote_payload.compiling import emulation
from remote_payload.contract.words import NOT_PRESENT
from remote_payload.operators import torch_provider
from remote_payload.operators.loaded import CannotRun, Loaded
from remote_payload.operators.setting import Setting
from remote_payload.processes import places
from remote_payload.processes.places import sentence

Tensor = Any
HOW = "pip install triton (PyTorch with CUDA for Linux brings it along)"


def kernel(module: str, setting: Setting) -> Loaded:
    """The kernel of a module that is imported only where there is a triton.

    It holds `forward`, called like any provider, `unsupported`, which gets the inputs and says why
    there is no kernel for them, and INTERPRETED. CannotRun: no triton that can be imported, or no
    GPU for it.
    """
    if importlib.util.find_spec("triton") is None:
        raise CannotRun(f"{NOT_PRESENT}: {HOW}")
    torch_provider.keep_caches(setting)
    try:
        held = importlib.import_module(module)
    except (Exception, SystemExit) as exc:
        places.trace()
        raise CannotRun(f"present but cannot be imported: {sentence(exc)}") from exc
    if setting.device != "cuda" and not held.INTERPRETED:
        raise CannotRun("triton needs a CUDA GPU; this run is on the CPU")
    version = getattr(importlib.import_module("triton"), "__version__", "of unknown version")
    how = f", {emulation.interpreter()}" if held.INTERPRETED else ""

    def implementation(*tensors: Tensor, **_: Any) -> str:
        if problem := held.unsupported(*tensors):
            raise CannotRun(f"triton: {problem}")
        return f"{module}, triton {version}{how}"

    return Loaded(held.forward, contextlib.nullcontext, implementation, emulated=held.INTERPRETED)
