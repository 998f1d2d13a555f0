"""Every generator that code may draw with, set for one draw."""

from __future__ import annotations

import hashlib
import random
import sys
from typing import Any, Optional

import torch


def seed_all(text: str) -> Any:
    """A generator for one draw, on the CPU, and all the others set for it as well."""
    number = int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "little") >> 1
    random.seed(number)
    numpy: Optional[Any] = sys.modules.get("numpy")
    if numpy is not None:
        numpy.random.seed(number % 2**32)
    torch.manual_seed(number)
    return torch.Generator("cpu").manual_seed(number)


def drawn_from(device: str) -> Any:
    """The state of torch's own generators: another one after a call says that it draws."""
    states = [torch.get_rng_state()]
    if device == "cuda":
        states.append(torch.cuda.get_rng_state())
    return torch.cat(states)
