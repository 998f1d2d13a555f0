"""The records of one case while its samples come in."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Dict, List, Optional, Sequence, Tuple

from remote_payload.contract.case import Case
from remote_payload.contract.machine import GpuState
from remote_payload.contract.records import BenchRecord
from remote_payload.contract.watched import Watched
from remote_payload.contract.words import Method, Status
from remote_payload.machine.watch.seen import Turn
from remote_payload.machine.watch.watch import Watch
from remote_payload.stages.bench.race import Taken
from remote_payload.stages.bench.schedule import Effort, Entrant, entrants
from remote_payload.stages.bench.seat import Answer

_NOT_CHOSEN = Effort(0, 0, 0)


@dataclass
class Row:
    """One entrant by one method, growing while its samples come in. whole: after so many starts
    it has what a record needs. turns: when each was, by `time.monotonic`; held_back: numbers of
    those that were taken while the GPU held its clocks back."""

    entrant: Entrant
    method: Method
    effort: Effort = _NOT_CHOSEN
    samples_us: List[float] = field(default_factory=list)
    host_us: List[float] = field(default_factory=list)
    mean_us: List[float] = field(default_factory=list)
    outside_us: List[float] = field(default_factory=list)
    fresh_us: List[float] = field(default_factory=list)
    waited_us: List[Optional[float]] = field(default_factory=list)
    starts: List[int] = field(default_factory=list)
    turns: List[Turn] = field(default_factory=list)
    held_back: Tuple[int, ...] = ()
    status: Status = Status.OK
    reason: str = ""
    whole: bool = False
    library_digest: Optional[str] = None

    def start(self) -> None:
        """Whatever comes now is from a new process."""
        self.starts.append(0)

    def take(self, answer: Answer) -> None:
        """Enter one turn."""
        taken: Taken = answer.said
        self.samples_us.extend(taken.times_us)
        self.host_us.extend(taken.host_us)
        self.mean_us.extend(taken.mean_us)
        self.outside_us.append(answer.outside_us)
        self.waited_us.append(answer.waited_us)
        self.turns.append((answer.began_s, answer.ended_s))
        if taken.fresh_us is not None:
            self.fresh_us.append(taken.fresh_us)
        self.starts[-1] += len(taken.times_us)

    def _waited_us(self) -> Tuple[float, ...]:
        """Of all turns, or of none."""
        known = tuple(one for one in self.waited_us if one is not None)
        return known if len(known) == len(self.waited_us) else ()

    def spoil(self, status: Status, reason: str) -> None:
        if self.status is Status.OK:
            self.status, self.reason = status, reason

    def record(self, case: Case) -> BenchRecord:
        each = self.effort.per_round
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
            mean_us=tuple(self.mean_us),
            starts=tuple(count for count in self.starts if count),
            outside_us=tuple(self.outside_us),
            fresh_us=tuple(self.fresh_us),
            waited_us=self._waited_us(),
            library_digest=self.library_digest,
            held_back=tuple(turn * each + n for turn in self.held_back for n in range(each)),
        )


class Rows:
    """What is known of one case so far; whole or cut short, it turns into records."""

    def __init__(
        self, case: Case, providers: Sequence[str], methods: Sequence[Method], baseline: str = ""
    ) -> None:
        self.case = case
        self._before: Optional[GpuState] = None
        self._after: Optional[GpuState] = None
        self._rows: Dict[Tuple[Method, Entrant], Row] = {
            (method, entrant): Row(entrant, method)
            for method in methods
            for entrant in entrants(providers, baseline)
        }

    def row(self, method: Method, entrant: Entrant) -> Row:
        return self._rows[method, entrant]

    def of_method(self, method: Method) -> List[Row]:
        return [row for row in self._rows.values() if row.method is method]

    @property
    def entrants(self) -> Tuple[Entrant, ...]:
        """Those who are still in the race by any method, the control included."""
        fit = [row.entrant for row in self._rows.values() if row.status is Status.OK]
        return tuple(dict.fromkeys(fit))

    def start(self) -> None:
        """A new process of each."""
        for row in self._rows.values():
            row.start()

    def ran(self, entrant: Entrant, library_digest: Optional[str]) -> None:
        """Out of which library of ours an entrant runs, if any."""
        for row in self._rows.values():
            if row.entrant == entrant:
                row.library_digest = library_digest

    def chosen(self, method: Method, effort: Effort) -> None:
        """How a method is timed from the first start on."""
        for row in self.of_method(method):
            row.effort = effort

    def effort(self, method: Method) -> Effort:
        return self.of_method(method)[0].effort

    def between(self, before: Optional[GpuState], after: Optional[GpuState]) -> None:
        """Note the GPU's state around all of its starts."""
        self._before, self._after = self._before or before, after

    def blame(
        self, provider: str, status: Status, reason: str, method: Optional[Method] = None
    ) -> None:
        """Put a provider's rows, all or those of one method, down as spoilt; samples stay."""
        for row in self._rows.values():
            if row.entrant.provider == provider and method in (None, row.method):
                row.spoil(status, reason)

    def give_up(self, status: Status, reason: str) -> None:
        """Nobody can be timed on this case."""
        for row in self._rows.values():
            row.spoil(status, reason)

    def watched(self, watch: Watch) -> Tuple[Watched, ...]:
        """What was seen of the machine meanwhile, method by method; each row learns which of its
        turns were held back."""
        for row in self._rows.values():
            row.held_back = watch.held_back(row.turns)
        seen = []
        for method in dict.fromkeys(row.method for row in self._rows.values()):
            turns = [turn for row in self.of_method(method) for turn in row.turns]
            seen.append(watch.watched(self.case, method, turns))
        return tuple(one for one in seen if one is not None)

    def complete(self) -> None:
        """As many starts as a record needs have been taken."""
        for row in self._rows.values():
            row.whole = True

    def records(
        self, status: Status = Status.FAILED, reason: str = "the race ended early"
    ) -> List[BenchRecord]:
        """One record per row; rows that lack samples get `status` and `reason`."""
        return [self._record(row, status, reason) for row in self._rows.values()]

    def _record(self, row: Row, status: Status, reason: str) -> BenchRecord:
        record = replace(row.record(self.case), before=self._before, after=self._after)
        if row.status is not Status.OK or (row.whole and row.samples_us):
            return record
        taken = f"{reason}; {len(row.samples_us)} samples had been taken"
        return replace(record, status=status, reason=taken)
