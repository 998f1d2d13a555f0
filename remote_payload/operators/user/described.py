"""What the host found a user's operator to be, as values: the run goes on with these alone.

Standard library only: also the parent of the workers makes an `Operator` of it, and never imports
the user's file.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Dict, Optional, Tuple

from remote_payload.contract.case import Case, Value
from remote_payload.contract.dtypes import DType
from remote_payload.contract.facts import CaseFacts, OperatorFacts, Tolerance, Work
from remote_payload.contract.request import Sweep
from remote_payload.operators.base import Axis, Input, Operator, Output

# The other half of a user's own file.
USERS = "remote_payload.operators.user.tensors"


@dataclass(frozen=True)
class Form:
    """One tensor. dtype: torch's own name for it."""

    name: str
    size: Tuple[int, ...]
    dtype: str


@dataclass(frozen=True)
class DescribedCase:
    """One case, whose inputs were drawn and whose reference was run once.

    frozen: another seed draws the same inputs, so that no call can be told from one before it.
    written: the inputs into which the reference itself writes, as it does where a problem hands out
    room for its outputs. at_random: whether the reference was seen to draw from torch's generators.
    """

    facts: CaseFacts
    inputs: Tuple[Form, ...]
    outputs: Tuple[Form, ...]
    frozen: bool = False
    written: Tuple[str, ...] = ()
    at_random: bool = False


@dataclass(frozen=True)
class Described:
    """switches: the axes that are on or off; words: those of words; cases: those that were looked
    at so far. tensors: the module with its other half, whose `half` makes it. untimed: cases that
    are checked, and are no part of what is timed. usual: the axes that a case need not state, each
    with the value that it then has."""

    facts: OperatorFacts
    switches: Tuple[str, ...]
    words: Tuple[str, ...]
    dtypes: Tuple[DType, ...]
    default_providers: Tuple[str, ...]
    cases: Tuple[DescribedCase, ...] = ()
    tensors: str = USERS
    untimed: Tuple[Case, ...] = ()
    usual: Tuple[Tuple[str, Value], ...] = ()

    def of(self, case: Case) -> DescribedCase:
        """What is known of a case; LookupError of one that nobody looked at."""
        return next(one for one in self.cases if one.facts.case == case)

    def with_case(self, one: DescribedCase) -> Described:
        """The same with one case more."""
        return replace(self, cases=(*self.cases, one))


@dataclass(frozen=True)
class Asked:
    """What a request leaves to the host: the sweeps by axis, and the dtypes; empty: what is usual.

    narrow: of an axis that is left open and varies, take one value only.
    """

    sweeps: Tuple[Sweep, ...] = ()
    dtypes: Tuple[DType, ...] = ()
    narrow: bool = False


@dataclass(frozen=True)
class Refused:
    """A case that is not run. label: as its problem has it; option: what lifts that, if any."""

    label: str
    why: str
    option: str = ""


@dataclass(frozen=True)
class Found:
    """The operator, still without cases, and which cases were asked for: those for a GPU and those
    for a CPU. refused: others, which are not run."""

    described: Described
    gpu: Tuple[Case, ...]
    cpu: Tuple[Case, ...]
    refused: Tuple[Refused, ...] = ()


def operator(described: Described, root: str) -> Operator:
    """The operator, for every stage. root: the folder in which its file is looked for, by whoever
    needs its tensors."""
    facts = described.facts
    return Operator(
        name=facts.name,
        title=facts.title,
        axes=tuple(_axis(one.symbol, described) for one in facts.axes),
        dtypes=described.dtypes,
        providers=facts.providers,
        default_providers=described.default_providers,
        gpu_sweep={},
        cpu_sweep={},
        inputs=lambda case: tuple(
            Input(one.name, one.size, torch=one.dtype) for one in described.of(case).inputs
        ),
        outputs=lambda case: tuple(
            Output(one.name, one.size, torch=one.dtype) for one in described.of(case).outputs
        ),
        work=lambda case: _work(described, case),
        tolerance=lambda case: _tolerance(described, case),
        tensors=described.tensors,
        scalars=lambda case: _scalars(described, root, case),
        unit=facts.unit,
        per=facts.per,
        reference=facts.reference,
        target=facts.target,
    )


def _axis(symbol: str, described: Described) -> Axis:
    otherwise: Optional[Value] = "" if symbol in described.words else None
    otherwise = False if symbol in described.switches else otherwise
    return Axis(symbol, symbol, "", dict(described.usual).get(symbol, otherwise), 0)


def _work(described: Described, case: Case) -> Optional[Work]:
    return described.of(case).facts.work


def _tolerance(described: Described, case: Case) -> Tolerance:
    found = described.of(case).facts.tolerance
    assert found is not None  # whoever describes a case gives it one
    return found


def _scalars(described: Described, root: str, case: Case) -> Dict[str, Any]:
    if described.tensors != USERS:
        return {}  # they go with a draw, and are the other half's to tell
    from remote_payload.operators.user import tensors  # here, as the parent never imports torch

    return tensors.half(described.facts.target, root).scalars(case)
