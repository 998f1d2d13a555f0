"""What keeps a problem's own code from running here, though nothing is wrong with it."""

from __future__ import annotations

from typing import Any

import torch

from remote_payload.operators.adapted import redirect
from remote_payload.processes.places import sentence

# torch.cuda.OutOfMemoryError is one of these with a text of its own.
_NO_MEMORY = ("out of memory", "can't allocate memory", "not enough memory", "bad_alloc")


def why(exc: BaseException, device: str) -> str:
    """What is lacking, in words that go on from what failed; empty if the code is to blame."""
    if isinstance(exc, ModuleNotFoundError) and exc.name:
        return f"needs {exc.name.partition('.')[0]}, which the host's Python lacks"
    if _no_memory(exc):
        return f"finds no memory for that here: {sentence(exc)}"
    if device == "cpu" and redirect.needs_a_gpu(exc):
        return f"needs a GPU: {sentence(exc)}"
    return ""


def _no_memory(exc: BaseException) -> bool:
    if isinstance(exc, MemoryError):
        return True
    text = str(exc)
    return isinstance(exc, RuntimeError) and any(words in text for words in _NO_MEMORY)


def drawn_from(device: str) -> Any:
    """The state of torch's own generators: another one after a call says that it draws."""
    states = [torch.get_rng_state()]
    if device == "cuda":
        states.append(torch.cuda.get_rng_state())
    return torch.cat(states)
