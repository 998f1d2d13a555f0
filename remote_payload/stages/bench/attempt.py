"""The records of one case while its samples come in."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Dict, List, Optional, Sequence, Tuple

from remote_payload.contract.case import Case
from remote_payload.contract.machine import GpuState
from remote_payload.contract.records import BenchRecord
from remote_payload.contract.words import Method, Status
from remote_payload.stages.bench.race import Chosen, Fault, Samples, Turn
from remote_payload.stages.bench.schedule import Effort, Entrant, entrants

_NOT_CHOSEN = Effort(0, 0, 0)


@dataclass
class _Row:
    """One entrant by one method, growing while its samples come in."""

    entrant: Entrant
    method: Method
    effort: Effort = _NOT_CHOSEN
    samples_us: List[float] = field(default_factory=list)
    host_us: List[float] = field(default_factory=list)
    status: Status = Status.OK
    reason: str = ""

    @property
    def complete(self) -> bool:
        wanted = self.effort.rounds * self.effort.per_round
        return wanted > 0 and len(self.samples_us) == wanted

    def spoil(self, status: Status, reason: str) -> None:
        if self.status is Status.OK:
            self.status, self.reason = status, reason

    def record(self, case: Case) -> BenchRecord:
        return BenchRecord(
            provider=self.entrant.provider,
            case=case,
            method=self.method,
            status=self.status,
            reason=self.reason,
            samples_us=tuple(self.samples_us),
            warmup=self.effort.warmup,
            calls=self.effort.calls,
            control=self.entrant.control,
            host_us=tuple(self.host_us),
        )


class Attempt:
    """What is known of one case so far; whole or cut short, it turns into records."""

    def __init__(
        self, case: Case, providers: Sequence[str], methods: Sequence[Method], baseline: str = ""
    ) -> None:
        self.case = case
        self.turn: Optional[Turn] = None
        self.announced: Optional[Tuple[Method, int]] = None
        self._before: Optional[GpuState] = None
        self._after: Optional[GpuState] = None
        self._rows: Dict[Tuple[Method, Entrant], _Row] = {
            (method, entrant): _Row(entrant, method)
            for method in methods
            for entrant in entrants(providers, baseline)
        }

    def take(self, message: object) -> None:
        """Enter one message of the worker."""
        if isinstance(message, Turn):
            self.turn = message
        elif isinstance(message, Samples):
            row = self._rows[message.method, message.entrant]
            row.samples_us.extend(message.times_us)
            row.host_us.extend(message.host_us)
        elif isinstance(message, Chosen):
            for row in self._rows.values():
                if row.method is message.method:
                    row.effort = message.effort
        elif isinstance(message, Fault):
            self.blame(message.provider, message.status, message.reason, message.method)

    def between(self, before: Optional[GpuState], after: Optional[GpuState]) -> None:
        """Note the GPU's state around the race."""
        self._before, self._after = before, after

    def effort(self, method: Method) -> Effort:
        return next(row.effort for row in self._rows.values() if row.method is method)

    def blame(
        self, provider: str, status: Status, reason: str, method: Optional[Method] = None
    ) -> None:
        """Put a provider's rows, all or those of one method, down as spoilt; samples stay."""
        for row in self._rows.values():
            if row.entrant.provider == provider and method in (None, row.method):
                row.spoil(status, reason)

    def records(
        self, status: Status = Status.FAILED, reason: str = "the race ended early"
    ) -> List[BenchRecord]:
        """One record per row; rows that lack samples get `status` and `reason`."""
        return [self._record(row, status, reason) for row in self._rows.values()]

    def _record(self, row: _Row, status: Status, reason: str) -> BenchRecord:
        record = replace(row.record(self.case), before=self._before, after=self._after)
        if row.complete or row.status is not Status.OK:
            return record
        taken = f"{reason}; {len(row.samples_us)} samples had been taken"
        return replace(record, status=status, reason=taken)

    def of(self, provider: str) -> List[BenchRecord]:
        """The records of one provider."""
        return [record for record in self.records() if record.provider == provider]
