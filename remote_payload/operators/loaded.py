"""A provider that is ready to be called, and how it says that it cannot be."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import Any, Callable, ContextManager, Optional, Tuple

from remote_payload.contract.case import Case
from remote_payload.operators.base import Operator, Output

Tensor = Any
Function = Callable[..., Any]  # of the inputs, then of the scalars by name; returns the outputs

# How torch words what a kernel did wrong on the device, as against what a package refuses.
_DEVICE_FAULT = "CUDA error"


class CannotRun(Exception):
    """The provider cannot run here at all; the text says why. Not a wrong result."""


class EmulatedCall:
    """What runs a kernel's source on the CPU. A user's provider that is one is no GPU's, either."""


class CompiledOnly(CannotRun):
    """Its source was compiled here, and there is no GPU to run it on."""


class BadTarget(Exception):
    """A user's target that does not name what it should; the text says what is missing."""


@dataclass(frozen=True)
class Form:
    """What a call is about, for a provider that has to know it beside the tensors it gets.

    inputs: their names, in their order. scalars: likewise.
    """

    operator: Operator
    case: Case
    device: str
    inputs: Tuple[str, ...]
    outputs: Tuple[Output, ...]
    scalars: Tuple[str, ...]


@dataclass(frozen=True)
class Loaded:
    """A provider ready to be called.

    within: entered around a burst of calls, not around each, so that it costs no measured time.
    implementation: given the arguments of a call, the name of what runs; CannotRun if nothing.
    refusals: parts of a RuntimeError's text that mean "not for this shape".
    emulated: no GPU runs it, so it may be checked but not timed.
    foreign: an installed package, which words its refusals in its own ways.
    users: the user's own function; what it calls may turn out to be interpreted.
    fit: the same provider for calls of one form, where those differ; asked for at each call.
    prepared: given the arguments, what makes one call of them, where that is not `call` of them.
    library_digest: sha256 of our own library, where that is what runs.
    """

    call: Function
    within: Callable[[], ContextManager[Any]]
    implementation: Callable[..., str]
    refusals: Tuple[str, ...] = ()
    emulated: bool = False
    foreign: bool = False
    users: bool = False
    fit: Optional[Callable[[Form], Loaded]] = None
    prepared: Optional[Callable[..., Callable[[], Any]]] = None
    library_digest: Optional[str] = None

    def refuses(self, exc: Exception) -> bool:
        """Whether `exc` means "I do not do this shape" rather than that something broke.

        Packages of others refuse with whatever comes to hand, assertions included; only a fault
        on the device is never a refusal.
        """
        if self.foreign:
            return _DEVICE_FAULT not in str(exc)
        if isinstance(exc, NotImplementedError):
            return True
        return isinstance(exc, RuntimeError) and any(part in str(exc) for part in self.refusals)


def unfitted(*_: Any, **__: Any) -> Any:
    """In place of what only `Loaded.fit` gives."""
    raise AssertionError("it is called through Problem, which fits it to its case")


def reach(folder: str) -> None:
    """Make a folder importable, last, so that it shadows nothing."""
    if folder not in sys.path:
        sys.path.append(folder)
