"""What keeps a problem's own code from running here, though nothing is wrong with it."""

from __future__ import annotations

from remote_payload.contract.words import LACKS, NEEDS_GPU, NO_MEMORY
from remote_payload.operators.adapted import redirect
from remote_payload.processes.places import sentence

# torch.cuda.OutOfMemoryError is one of these with a text of its own.
_SAID_OF_MEMORY = ("out of memory", "can't allocate memory", "not enough memory", "bad_alloc")


def why(exc: BaseException, device: str) -> str:
    """What is lacking, in words that go on from what failed; empty if the code is to blame."""
    if isinstance(exc, ModuleNotFoundError) and exc.name:
        return f"needs {exc.name.partition('.')[0]}, {LACKS}"
    if _no_memory(exc):
        return f"{NO_MEMORY}: {sentence(exc)}"
    if device == "cpu" and redirect.needs_a_gpu(exc):
        return f"{NEEDS_GPU}: {sentence(exc)}"
    return ""


def _no_memory(exc: BaseException) -> bool:
    if isinstance(exc, MemoryError):
        return True
    text = str(exc)
    return isinstance(exc, RuntimeError) and any(words in text for words in _SAID_OF_MEMORY)
