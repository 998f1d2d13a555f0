"""The one schema both programs share: requests travel in, results travel out, as JSON files.

The payload reports raw samples and facts; every median, TFLOPS and verdict is derived from
them by the orchestrator. All values are frozen dataclasses; `codec` turns them into
strict JSON and back.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Optional, Tuple

from remote_payload.contract.case import Case
from remote_payload.contract.facts import UNKNOWN, CaseFacts, OperatorFacts
from remote_payload.contract.machine import BuildReport, Machine, ProviderBuild
from remote_payload.contract.records import (
    BenchRecord,
    CeilingRecord,
    CheckRecord,
    Cut,
    CutlassReport,
    NcuReport,
    ProofRecord,
    TraceRecord,
)
from remote_payload.contract.request import Request
from remote_payload.contract.watched import Watched
from remote_payload.contract.words import (
    SCHEMA,
    Stage,
    Status,
)


@dataclass(frozen=True)
class StageReport:
    """How one stage ended; seconds is its wall time. facts: (what, value) pairs that it wants told,
    beyond the records that it may have in the result."""

    stage: Stage
    status: Status
    reason: str = ""
    seconds: float = 0.0
    facts: Tuple[Tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Result:
    """Everything a run brought back; written always, also on failure, atomically.

    status FAILED with a reason means a gate failed or the host was unfit; unfit tells the two
    apart: it is true when the host lacks something (torch, a GPU that was asked for). cuts: where
    less was done than was asked for or planned. operator, cases: what the operator says of itself
    and of each case, UNKNOWN and () before it was asked. watched: what the machine did during each
    race; () in results of before. build_before: of csrc/ as it was at the request's `against`.
    provider_builds: of users' CUDA sources, by our compiler; torch's own tells nothing.
    """

    request: Request
    status: Status
    reason: str
    started_at: str
    finished_at: str
    machine: Optional[Machine] = None
    stages: Tuple[StageReport, ...] = ()
    build: Optional[BuildReport] = None
    checks: Tuple[CheckRecord, ...] = ()
    bench: Tuple[BenchRecord, ...] = ()
    ncu: Optional[NcuReport] = None
    traces: Tuple[TraceRecord, ...] = ()
    ceilings: Tuple[CeilingRecord, ...] = ()
    cutlass: Optional[CutlassReport] = None
    proofs: Tuple[ProofRecord, ...] = ()
    unfit: bool = False
    cuts: Tuple[Cut, ...] = ()
    operator: OperatorFacts = UNKNOWN
    cases: Tuple[CaseFacts, ...] = ()
    watched: Tuple[Watched, ...] = ()
    build_before: Optional[BuildReport] = None
    provider_builds: Tuple[ProviderBuild, ...] = ()
    schema: int = SCHEMA

    def facts(self, case: Case) -> CaseFacts:
        """What is known of a case; of one that nobody described, nothing."""
        return next((one for one in self.cases if one.case == case), CaseFacts(case, None))

    def baseline_of(self, provider: str) -> str:
        """Whom verdicts on a provider compare with; empty if there is nobody."""
        return self.request.baseline_of(provider, self.operator.baseline)
