"""What a stage says of itself before it runs: what it needs, what limits it, what a run may ask.

Each stage's folder has a module `declared` with a DECLARED, free of torch, which both programs
read: the payload's loop and its intake, and on the other side doctor's fitness, plans and reports.
`declared` stands beside `stage`, whose `act` does the work, and `cuts`, if there can be any.
"""

from __future__ import annotations

import importlib
import importlib.util
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Callable, Optional, Tuple

from remote_payload.contract.codec import CodecError
from remote_payload.contract.request import Request
from remote_payload.contract.words import Stage


def _no(request: Request) -> str:
    return ""


def _anything(request: Request) -> None:
    return None


@dataclass(frozen=True)
class Limit:
    """A limit of its own on each thing a stage does. plan, key: where the request says how long;
    option: what lifts it."""

    plan: str
    key: str
    option: str

    def seconds(self, request: Request) -> float:
        """How long that is in a request."""
        value: float = getattr(getattr(request, self.plan), self.key)
        return value


@dataclass(frozen=True)
class Declaration:
    """torch: it needs torch. kernel: it builds ours. cases: it works on cases and providers.

    always: it is tried whatever failed before it. insists: why a request of it makes no sense
    without a GPU, else empty. lends: another host of the same model may do it in a run's place.
    expected: a reader looks for it in any report. sense: raises CodecError for a plan that makes
    none.
    """

    stage: Stage
    torch: bool = True
    kernel: bool = False
    cases: bool = True
    always: bool = False
    lends: bool = False
    expected: bool = False
    insists: Callable[[Request], str] = _no
    sense: Callable[[Request], None] = _anything
    limit: Optional[Limit] = None


def of(stage: Stage) -> Declaration:
    """What a stage says of itself."""
    found: Declaration = _module(stage, "declared").DECLARED
    return found


@lru_cache(maxsize=1)
def every() -> Tuple[Declaration, ...]:
    """All stages, in the order in which they run."""
    return tuple(of(stage) for stage in Stage)


def asked(request: Request) -> Tuple[Declaration, ...]:
    """Those of a request, in the order in which they run."""
    return tuple(one for one in every() if one.stage in request.stages)


def part(stage: Stage, name: str) -> Any:
    """A module of a stage's folder, as `stage` or `cuts`; None where it has none."""
    found = importlib.util.find_spec(f"{__package__}.{stage.value}.{name}")
    return _module(stage, name) if found is not None else None


def require_above_zero(request: Request, plan: str, *keys: str) -> None:
    """CodecError for a figure of a plan that has to be above zero and is not."""
    for key in keys:
        value = getattr(getattr(request, plan), key)
        if not value > 0:
            raise CodecError(f"{plan}.{key}", f"expected more than 0, got {value:g}")


def _module(stage: Stage, name: str) -> Any:
    return importlib.import_module(f"{__package__}.{stage.value}.{name}")
