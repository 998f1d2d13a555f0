"""The first half of the contract: what may be asked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Optional, Tuple

from remote_payload.contract.case import Case, Value
from remote_payload.contract.dtypes import DType
from remote_payload.contract.facts import Targets
from remote_payload.contract.plans import (
    BenchPlan,
    BuildPlan,
    CeilingsPlan,
    CheckPlan,
    NcuPlan,
    ProvePlan,
    TracePlan,
)
from remote_payload.contract.tools.toolchain import Toolchain
from remote_payload.contract.words import SCHEMA, Binding, Device, Stage

AT = "@"  # between a provider's name and the commit whose sources it is of
Sweep = Tuple[Tuple[str, Tuple[Value, ...]], ...]  # the values of each axis that was named


@dataclass(frozen=True)
class Provider:
    """An implementation: a name that the operator knows, or the user's own `target`.

    target: "package.module:function" or "path/inside/the/snapshot.py:function"; the function is
    called with the operator's inputs, then its scalars by name, and returns its outputs. Or
    "path/inside/the/snapshot.cu:entry", a C function as `providers.c_interface` describes it.
    required: asked for by name; if it cannot run, the run goes on without and fails at its end.
    toolchain: how what it compiles is compiled. destination_passing: whether the function gets its
    outputs behind its inputs and fills them; None: as its parameters are named. binding: of C++ or
    CUDA sources that are compiled as a whole, all that lie in the target's folder; None: of none.
    against: the provider that verdicts on it compare with; empty: the run's baseline. sources: the
    folder of the snapshot whose csrc/ its library is built of; empty: the snapshot itself. absent:
    why there is nothing to run, where that is known before; it is skipped with these words.
    """

    name: str
    target: Optional[str] = None
    required: bool = False
    toolchain: Toolchain = Toolchain()
    destination_passing: Optional[bool] = None
    binding: Optional[Binding] = None
    against: str = ""
    sources: str = ""
    absent: str = ""

    @property
    def known_as(self) -> str:
        """What its operator calls it: that of other sources is told apart behind `AT`."""
        return self.name.partition(AT)[0] if self.sources else self.name


@dataclass(frozen=True)
class Request:
    """Everything a run needs, written by the orchestrator, read by the payload.

    operator: by name; operator_target: where a user's own stands in the snapshot,
    "path/to/file.py", or "path/to/file.py:NAME" for a class in it.
    sweeps, dtypes, without: what was asked of a user's own, whose cases and providers only the
    payload can tell. usual_providers: beside those that are named, run the operator's usual ones,
    but for those of `without`.
    cpu_cases: what to run instead where device AUTO turns out to be the CPU, for the part of
    the case that the user left open; empty means the same cases. verb: the command that asked,
    for whoever fetches the run from elsewhere; empty in requests of before. targets: those in force
    when it was asked, of this operator on any GPU, so that they travel with the run; None: those
    that the operator says of itself. baseline: the provider that verdicts compare with; empty: the
    operator's own. against: the revision, as it was typed, that providers are raced against by
    their `against`; empty: none.
    """

    run_id: str
    snapshot: str
    stages: Tuple[Stage, ...]
    cases: Tuple[Case, ...]
    providers: Tuple[Provider, ...]
    cpu_cases: Tuple[Case, ...] = ()
    operator: str = "attention"
    operator_target: str = ""
    sweeps: Tuple[Sweep, ...] = ()
    dtypes: Tuple[DType, ...] = ()
    without: Tuple[str, ...] = ()
    usual_providers: bool = False
    device: Device = Device.AUTO
    seed: int = 42
    time_limit_s: float = 1800.0
    build: BuildPlan = BuildPlan()
    check: CheckPlan = CheckPlan()
    bench: BenchPlan = BenchPlan()
    ncu: NcuPlan = NcuPlan()
    ceilings: CeilingsPlan = CeilingsPlan()
    prove: ProvePlan = ProvePlan()
    trace: TracePlan = TracePlan()
    verb: str = ""
    targets: Optional[Tuple[Targets, ...]] = None
    baseline: str = ""
    against: str = ""
    schema: int = SCHEMA

    @property
    def before(self) -> Tuple[str, ...]:
        """The providers that only stand for another revision of others."""
        return tuple(one.against for one in self.providers if one.against)

    def baseline_of(self, provider: str, usual: str) -> str:
        """Whom verdicts on a provider compare with. usual: the baseline of its operator."""
        own = (one.against for one in self.providers if one.name == provider)
        return next(own, "") or usual


@dataclass(frozen=True)
class Progress:
    """One step forward, printed by the payload as a marked JSON line of its log."""

    stage: Stage
    done: int
    total: int
    label: str
