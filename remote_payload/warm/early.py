"""What workers need sooner or later, imported by the process that they are forked from: so each of
them starts with it. What cannot be imported costs whoever needs it, and nobody else."""

from __future__ import annotations

import importlib
import os

from remote_payload.compiling.emulation import INTERPRETERS, switched_on
from remote_payload.machine.nvidia_smi import DRIVER
from remote_payload.operators import registry

_MODULES = (
    "remote_payload.stages.apart.judge",
    "remote_payload.stages.bench.umpire",
    "remote_payload.operators.user.describe",
    "torch.utils.flop_counter",
    "numpy.random",
    "encodings.ascii",
)

_names = [*_MODULES, *(f"remote_payload.operators.{one}.tensors" for one in registry.names())]
# Where kernels are run in Python, to have it loaded is to be run by it (emulation.interpreter).
if os.path.exists(DRIVER) and not any(switched_on(variable) for variable, *_ in INTERPRETERS):
    _names.append("triton")
for _name in _names:
    try:
        importlib.import_module(_name)
    except Exception:
        continue
