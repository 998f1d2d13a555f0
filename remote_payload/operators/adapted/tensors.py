"""The half of an operator of another's format that needs torch; see `base.Tensors`."""

from __future__ import annotations

import functools
import importlib
from pathlib import Path

from remote_payload.operators.adapted import formats
from remote_payload.operators.adapted.adapter import Adapter


@functools.lru_cache(maxsize=None)
def half(target: str, root: str, device: str) -> Adapter:
    """The problem of that file on a device, loaded once in a process; BadOperator."""
    problem = formats.read(target, root)
    module = importlib.import_module(f"remote_payload.operators.{problem.format}.adapter")
    folder = (Path(root) / target).parent
    found: Adapter = module.Adapter(problem, folder, Path(root), device)
    return found
