"""What a file sets for all of torch, kept to that file.

A candidate may choose TF32, or threads, for itself; for its reference and for others that would be
another race than the one that was asked for.
"""

from __future__ import annotations

import contextlib
import os
from typing import Any, Callable, ContextManager, Dict, Iterator, Optional, Tuple

import torch

Settings = Dict[str, Any]
THREADS_VARIABLE = "OMP_NUM_THREADS"
_FLAGS: Tuple[Tuple[str, Any, str], ...] = (
    ("cuda.matmul.allow_tf32", torch.backends.cuda.matmul, "allow_tf32"),
    ("cudnn.allow_tf32", torch.backends.cudnn, "allow_tf32"),
    ("cudnn.benchmark", torch.backends.cudnn, "benchmark"),
    ("cudnn.deterministic", torch.backends.cudnn, "deterministic"),
    ("cudnn.enabled", torch.backends.cudnn, "enabled"),
)
_CALLS: Tuple[Tuple[str, Callable[[], Any], Callable[[Any], None]], ...] = (
    ("dtype", torch.get_default_dtype, torch.set_default_dtype),
    ("threads", torch.get_num_threads, torch.set_num_threads),
)


def take_threads(threads: Optional[int]) -> None:
    """Have this process, and whatever it starts, compute with so many; None: as it does anyway."""
    if threads is not None:
        torch.set_num_threads(threads)
        os.environ[THREADS_VARIABLE] = str(threads)


def now() -> Settings:
    """What is set."""
    found: Settings = {name: get() for name, get, _ in _CALLS}
    for name, owner, flag in _FLAGS:
        # torch raises where somebody said the same by its newer names; then it is theirs.
        with contextlib.suppress(RuntimeError, AttributeError):
            found[name] = getattr(owner, flag)
    return found


def choose(settings: Settings) -> None:
    """Set it; what is so already is left alone."""
    before = now()
    for name, owner, flag in _FLAGS:
        if name in settings and name in before and settings[name] != before[name]:
            setattr(owner, flag, settings[name])
    for name, _, change in _CALLS:
        if settings[name] != before[name]:
            change(settings[name])


class Kept:
    """The settings of one file."""

    def __init__(self) -> None:
        self._own = now()

    @contextlib.contextmanager
    def importing(self) -> Iterator[None]:
        """Around its import: what it sets meanwhile is its own from then on."""
        before = now()
        try:
            yield
        finally:
            self._own = now()
            choose(before)

    def around(
        self, within: Callable[[], ContextManager[Any]]
    ) -> Callable[[], ContextManager[Any]]:
        """Around whatever runs of it; what it sets then holds for the next of its calls as well."""

        @contextlib.contextmanager
        def entered() -> Iterator[None]:
            before = now()
            choose(self._own)
            try:
                with within():
                    yield
            finally:
                self._own = now()
                choose(before)

        return entered
