"""Providers that are a function of torch, as it is or compiled by torch itself.

An operator's `load` hands in the function, called with the inputs and then the scalars by name, and
gets what the stages call.
"""

from __future__ import annotations

import contextlib
import os
import signal
import types
from itertools import zip_longest
from pathlib import Path
from typing import Any, Callable, Iterator, List, Tuple

import torch

from remote_payload.operators.loaded import CannotRun, Function, Loaded
from remote_payload.operators.setting import Setting
from remote_payload.processes.bounded import spoken
from remote_payload.processes.places import sentence

Tensor = Any
# Where what was compiled is kept beside our own builds: nothing outside the workspace.
_CACHE = "torch-compile"
_CACHES = ("TORCHINDUCTOR_CACHE_DIR", "TRITON_CACHE_DIR")
_DEVICE_FAULT = "CUDA error"
COMPILE_LIMIT_S = 90.0  # less than a check has for one case


def since(major: int, minor: int) -> bool:
    """Whether this torch is that old at the least."""
    version: List[str] = torch.__version__.split(".")
    return (int(version[0]), int(version[1])) >= (major, minor)


def eager(function: Function, what: str) -> Loaded:
    """A function of torch. what: which, in words, such as "torch.softmax"."""
    name = f"{what}, torch {torch.__version__}"
    return Loaded(function, contextlib.nullcontext, lambda *_, **__: name)


def compiled(function: Function, what: str, setting: Setting) -> Loaded:
    """The same by torch.compile; whether that works here is found out by the first call.

    CannotRun: this torch has no torch.compile.
    """
    if not hasattr(torch, "compile"):
        raise CannotRun(f"torch {torch.__version__} has no torch.compile; 2.0 and newer do")
    keep_caches(setting)
    ready = Compiled(function)
    name = f"torch.compile of {what}, torch {torch.__version__}"

    def implementation(*tensors: Tensor, **scalars: Any) -> str:
        try:
            with within(COMPILE_LIMIT_S), torch.no_grad():
                ready(*tensors, **scalars)
        except Exception as exc:
            if _DEVICE_FAULT in str(exc):
                raise
            raise CannotRun(f"torch.compile does not work here: {sentence(exc)}") from exc
        return name

    return Loaded(ready, contextlib.nullcontext, implementation)


class Compiled:
    """A function that torch compiles for the very form of its inputs.

    Each form gets a copy of the function: torch keeps what it compiled beside a function's code,
    looks through all of it at each call, and after eight forms goes on without compiling.
    """

    def __init__(self, function: Function, backend: str = "inductor") -> None:
        self._function, self._backend = function, backend
        self._form: List[Tuple[Any, Any]] = []
        self._given: Tuple[Tensor, ...] = ()
        self._ready: Callable[..., Any] = function

    def __call__(self, *tensors: Tensor, **scalars: Any) -> Any:
        if any(a is not b for a, b in zip_longest(tensors, self._given)):
            self._prepare(tensors)
        return self._ready(*tensors, **scalars)

    def _prepare(self, tensors: Tuple[Tensor, ...]) -> None:
        form = [(tensor.shape, tensor.dtype) for tensor in tensors]
        if form != self._form:
            copy = _copied(self._function)
            self._ready = torch.compile(copy, dynamic=False, fullgraph=True, backend=self._backend)
            self._form = form
        self._given = tensors


def _copied(function: Any) -> Function:
    """The same function with code of its own."""
    code = function.__code__.replace()
    made = types.FunctionType(
        code, function.__globals__, function.__name__, function.__defaults__, function.__closure__
    )
    made.__kwdefaults__ = function.__kwdefaults__
    return made


@contextlib.contextmanager
def within(limit_s: float) -> Iterator[None]:
    """TimeoutError after so many seconds. In the main thread alone, and not in the middle of what
    is no Python: there a check's own limit ends the process."""

    def late(*_: object) -> None:
        raise TimeoutError(f"no result within {spoken(limit_s)}")

    before = signal.signal(signal.SIGALRM, late)
    signal.setitimer(signal.ITIMER_REAL, limit_s)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0.0)
        signal.signal(signal.SIGALRM, before)


def keep_caches(setting: Setting) -> None:
    """Keep what torch.compile and Triton compile under the builds, unless the user said where."""
    # torch calls C++ compilers by a command line that it splits at blanks.
    if setting.builds and len(setting.builds.split()) == 1:
        for variable in _CACHES:
            os.environ.setdefault(variable, str(Path(setting.builds) / _CACHE))
    # Compiling in this process leaves no other behind, and ends with its time limit.
    os.environ.setdefault("TORCHINDUCTOR_COMPILE_THREADS", "1")
