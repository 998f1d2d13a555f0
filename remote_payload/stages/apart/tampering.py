"""Whether what a process is timed and called by is still what it was before a provider was loaded.

Who is judged elsewhere gains nothing by it, and who is timed from outside little; but whoever does
it is no kernel, and is told so. What a file sets for torch, and functions of torch that only
compute, are its own business: it has its process to itself.
"""

from __future__ import annotations

import pickle
import sys
import time
import types
from multiprocessing import connection
from multiprocessing.connection import Connection
from typing import Any, Dict, Iterator, List, Mapping, NamedTuple, Tuple

import torch

_OURS = "remote_payload."
# Modules of the user's that lie beside ours.
_THEIRS = ("remote_payload.blackwell_sparsek",)
_ABSENT = object()
_FUNCTION = types.FunctionType
_CODE = (_FUNCTION, types.BuiltinFunctionType, types.ModuleType, type)
# (owner, names): what takes a time, copies what goes in and out, and carries the answer.
_WATCHED: Tuple[Tuple[Any, Tuple[str, ...]], ...] = (
    (time, ("perf_counter", "perf_counter_ns", "monotonic", "monotonic_ns", "time")),
    (torch, ("clone", "equal", "from_file", "empty", "no_grad")),
    (
        torch.Tensor,
        ("copy_", "clone", "detach", "contiguous", "to", "data_ptr", "view", "as_strided"),
    ),
    (torch.cuda, ("Event", "CUDAGraph", "synchronize", "current_stream")),
    (torch.cuda.Event, ("record", "synchronize", "elapsed_time")),
    (torch.cuda.CUDAGraph, ("replay",)),
    (pickle, ("dumps", "loads")),
    (Connection, ("send", "recv", "send_bytes", "_send_bytes", "_send", "_recv")),
    (connection, ("_ForkingPickler",)),
)


class _Seen(NamedTuple):
    """One name as it was. held: by its owner's dictionary, as to ask for an attribute may call
    what was put there; code: of a function, which can be changed in its place."""

    held: Mapping[str, Any]
    name: str
    value: Any
    code: Any
    told: str


# By module, as it was when this process was nobody's yet.
_FORESEEN: Dict[str, Tuple[types.ModuleType, Tuple[_Seen, ...]]] = {}


class Tampering:
    """What there was when this was made, or when it was foreseen."""

    def __init__(self) -> None:
        self._seen: List[_Seen] = [*_ours(), *_of_others()]
        self._modes = _modes()

    def found(self) -> str:
        """What is not as it was, in words; else empty. Takes less than a millisecond."""
        for held, name, value, code, told in self._seen:
            if held.get(name, _ABSENT) is not value or (
                code is not None and value.__code__ is not code
            ):
                return f"changed {told}, by which it is called or timed"
        if _modes() > self._modes:
            return "put a mode around every function of torch, those by which it is timed included"
        return ""


def foresee() -> None:
    """Look at all that ahead of time, in a process that is nobody's yet. To look at a value is to
    write into its count, and so to copy what processes share: later somebody would wait for it."""
    for name, module in _modules():
        _FORESEEN[name] = (module, tuple(_of(name, module)))
    Tampering().found()


def _ours() -> Iterator[_Seen]:
    """The functions, classes and modules that our modules know, and the methods of the classes."""
    for name, module in _modules():
        before, seen = _FORESEEN.get(name, (None, ()))
        yield from seen if before is module else _of(name, module)


def _modules() -> Iterator[Tuple[str, types.ModuleType]]:
    for name, module in tuple(sys.modules.items()):
        if name.startswith(_OURS) and not name.startswith(_THEIRS) and module is not None:
            yield name, module


def _of(name: str, module: types.ModuleType) -> Iterator[_Seen]:
    for key, value in tuple(vars(module).items()):
        if isinstance(value, _CODE):
            yield _seen(vars(module), key, name)
        if isinstance(value, type) and value.__module__ == name:
            functions = (k for k, v in vars(value).items() if isinstance(v, _FUNCTION))
            for method in tuple(functions):
                yield _seen(vars(value), method, f"{name}.{key}")


def _of_others() -> Iterator[_Seen]:
    for owner, names in _WATCHED:
        # A method may be put before the one of the class that has it, or in its place.
        owners = owner.__mro__[:-1] if isinstance(owner, type) else (owner,)
        told = getattr(owner, "__qualname__", owner.__name__)
        if isinstance(owner, type):
            told = f"{owner.__module__}.{told}"
        for one in owners:
            for name in names:
                yield _seen(vars(one), name, told)


def _seen(held: Mapping[str, Any], name: str, of: str) -> _Seen:
    value = held.get(name, _ABSENT)
    return _Seen(held, name, value, getattr(value, "__code__", None), f"{of}.{name}")


def _modes() -> int:
    """How many modes are around every function of torch; a default device is one, and harmless."""
    count = getattr(torch._C, "_len_torch_function_stack", None)
    dispatched = getattr(torch._C, "_len_torch_dispatch_stack", None)
    found = int(dispatched()) if dispatched is not None else 0
    if count is None:
        return found
    kinds = (type(torch._C._get_function_stack_at(place)) for place in range(count()))
    return found + sum(kind.__module__ != "torch.utils._device" for kind in kinds)
