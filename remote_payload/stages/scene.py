"""What the stages of a run share: the request, the draft of the result, the device, the time."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, FrozenSet, Optional, Protocol, Sequence, Tuple

from remote_payload.contract.case import Case
from remote_payload.contract.facts import UNKNOWN, OperatorFacts
from remote_payload.contract.machine import GpuState
from remote_payload.contract.records import CheckRecord
from remote_payload.contract.request import Request
from remote_payload.contract.words import Stage, Status
from remote_payload.machine import machine
from remote_payload.machine.sharing import Sharing
from remote_payload.machine.torch_facts import TorchFacts
from remote_payload.operators.setting import LIBRARY_VARIABLE, Library, Setting
from remote_payload.operators.user.described import Described
from remote_payload.processes.isolate import Deadline
from remote_payload.stages.draft import Draft
from remote_payload.stages.roles import is_rival

if TYPE_CHECKING:
    from remote_payload.stages.build.started import Started

_RECENT_S = 1.0
INPUTS = "inputs"  # of the job's folder; removed by the stages and, should they die, by runner


class Unfit(Exception):
    """The host lacks what the run needs; the text says what, and what to do."""


@dataclass(frozen=True)
class Outcome:
    """How a stage ended. unfit: it failed by the host's lack, not by a gate.

    ends_run: whether anything but OK and SKIPPED is the end of the run; not where there is still
    something for later stages to do. fails_run: where it is not, whether the run has failed all
    the same; not for what a run can do without. facts: as of a StageReport.
    """

    status: Status
    reason: str = ""
    unfit: bool = False
    ends_run: bool = True
    fails_run: bool = False
    facts: Tuple[Tuple[str, str], ...] = ()


@dataclass
class Scene:
    """One run under way. facts: what torch said, once it was asked.

    operator: what the request's operator says of itself. emulated: path of our kernel built for the
    CPU; no_emulation: why there is none. others: our kernel of other sources. own: what the user's
    own operator was found to be. sharing: who else computed since the run began. last_look: at the
    GPU, by the monotonic clock. drawn: as of a Setting. compiling: what is compiled since before
    the build stage.
    """

    request: Request
    draft: Draft
    sources: Path
    builds: Path
    deadline: Deadline
    facts: Optional[TorchFacts] = None
    device: str = "cpu"
    emulated: Optional[str] = None
    no_emulation: str = "the build stage was not asked for"
    operator: OperatorFacts = UNKNOWN
    own: Optional[Described] = None
    others: Tuple[Library, ...] = ()
    sharing: Sharing = field(default_factory=Sharing)
    drawn: str = ""
    compiling: Optional[Started] = None
    last_look: Optional[Tuple[float, Optional[GpuState]]] = None

    @property
    def passed_any_check(self) -> bool:
        return any(record.status is Status.OK for record in self.draft.result.checks)

    @property
    def timed_cases(self) -> Tuple[Case, ...]:
        """The cases of the request, but for those that are only there to be checked."""
        untimed = self.own.untimed if self.own is not None else ()
        return tuple(case for case in self.request.cases if case not in untimed)

    @property
    def timed_checks(self) -> Tuple[CheckRecord, ...]:
        """The checks without those of providers that failed where they are only checked: to be
        wrong there is to be wrong."""
        checks, untimed = self.draft.result.checks, self.own.untimed if self.own is not None else ()
        wrong = {c.provider for c in checks if c.case in untimed and c.status is not Status.OK}
        return tuple(c for c in checks if c.provider not in wrong)

    @property
    def required(self) -> FrozenSet[str]:
        """The providers that were asked for by name."""
        return frozenset(each.name for each in self.request.providers if each.required)

    def decides(self, name: str) -> bool:
        """Whether this provider's failure is the run's: not that of a rival nobody asked for by
        name, which only loses its own place beside ours, nor that of what a revision before did."""
        if name in self.request.before:
            return False
        return not is_rival(name, self.operator) or name in self.required

    @property
    def ours_is_out(self) -> str:
        """Why nothing should start our kernel again: it ran into its limit in the check, or was
        left out of it. Else empty."""
        names, ours = [each.name for each in self.request.providers], self.operator.ours
        if Stage.CHECK in self.request.stages and ours not in names:
            return f"not tried, as {ours} was left out of this run"
        hung = (record for record in self.draft.result.checks if record.status is Status.TIMEOUT)
        first = next((record for record in hung if record.provider == ours), None)
        if first is None:
            return ""
        on = first.case.label
        return f"not tried, as {ours} on {on} had not ended within its limit in the check"

    def capability(self) -> Optional[Tuple[int, int]]:
        """Compute capability of the GPU by torch, else by nvidia-smi; None without a GPU."""
        if self.facts is not None and self.facts.capability is not None:
            return self.facts.capability
        seen = self.draft.result.machine
        text = seen.compute_capability if seen is not None else None
        major, _, minor = (text or "").partition(".")
        return (int(major), int(minor)) if major.isdigit() and minor.isdigit() else None

    def setting(self) -> Setting:
        """What a worker process has to know."""
        library, why = os.environ.get(LIBRARY_VARIABLE), "the build stage was not asked for"
        built = self.draft.result.build
        if self.device == "cpu":
            library, why = self.emulated, self.no_emulation
        elif built is not None:
            library, why = built.library, built.reason
        seed, inputs = self.request.seed, str(self.draft.folder / INPUTS)
        operator = self.request.operator, self.request.operator_target
        return Setting(
            *(self.device, str(self.sources), seed, library, why, inputs, *operator),
            builds=str(self.builds.resolve()),
            arch=next(iter(self.request.build.arch), ""),
            compile_limit_s=self.request.check.compile_limit_s,
            own=self.own,
            others=self.others,
            drawn=self.drawn,
        )

    @property
    def gpu_name(self) -> Optional[str]:
        """The GPU that is used, as its driver knows it; None on the CPU."""
        used = self.device == "cuda" and self.facts is not None
        return machine.gpu_name(self.facts) if used and self.facts is not None else None

    def gpu_state(self, ours: Sequence[int] = ()) -> Optional[GpuState]:
        """Clocks, power and company of the GPU now; None on the CPU. ours: pids of our workers."""
        if self.facts is None or self.device != "cuda":
            return None
        state = machine.gpu_state(self.facts, ours)
        self.last_look = (time.monotonic(), state)
        return state

    def recent_state(self) -> Optional[GpuState]:
        """That of a look a moment ago, if there was one; else of one now."""
        if self.last_look is not None and time.monotonic() - self.last_look[0] < _RECENT_S:
            return self.last_look[1]
        return None if self.facts is None else machine.gpu_state(self.facts)


class Told(Protocol):
    """What a record of any stage tells about its provider and case."""

    @property
    def provider(self) -> str: ...

    @property
    def case(self) -> Case: ...

    @property
    def reason(self) -> str: ...


def tell(records: Sequence[Told]) -> str:
    """The first of some bad records in a sentence, and how many more there are."""
    first = records[0]
    more = f" (and {len(records) - 1} more)" if len(records) > 1 else ""
    return f"{first.provider} on {first.case.label}: {first.reason}{more}"
