"""The bench stage: all providers that passed the check race, each in a process of its own that
starts anew again and again, as starts differ by more than samples do."""

from __future__ import annotations

import time
from dataclasses import replace
from functools import partial
from typing import Any, Callable, Dict, List, Optional, Sequence, Set, Tuple

from remote_payload.contract.case import Case
from remote_payload.contract.facts import OperatorFacts
from remote_payload.contract.machine import GpuState
from remote_payload.contract.records import BenchRecord, CheckRecord, Cut
from remote_payload.contract.request import Request
from remote_payload.contract.watched import Watched
from remote_payload.contract.words import Method, Stage, Status
from remote_payload.machine.watch.watch import Watch
from remote_payload.operators.setting import Setting
from remote_payload.processes.announce import say, step
from remote_payload.processes.guarded import Guarded
from remote_payload.processes.isolate import Deadline, Died, Pipe, Silent
from remote_payload.stages.bench.cuts import of_race
from remote_payload.stages.bench.deciding import decided
from remote_payload.stages.bench.heat import CannotJudge, Field, Heat, Kept
from remote_payload.stages.bench.rows import Rows
from remote_payload.stages.bench.schedule import (
    Effort,
    Entrant,
    budget_s,
    methods_on,
    slot_s,
)
from remote_payload.stages.bench.seat import OwnProcess, Seat

_STEPS = 100  # progress units of one case by one method in one start
GpuProbe = Callable[[Sequence[int]], Optional[GpuState]]  # given the pids of our own processes


def may_be_timed(record: CheckRecord) -> bool:
    """A provider that passed its check on the device itself; an emulation has no speed."""
    return record.status is Status.OK and not record.emulated


class Bench:
    """Times every (provider, case) that passed its check; `records` holds at any moment."""

    def __init__(
        self,
        request: Request,
        operator: OperatorFacts,
        setting: Setting,
        deadline: Deadline,
        gpu: GpuProbe,
        tell: Callable[[Cut], None] = lambda cut: None,
    ) -> None:
        """tell: hears of every cut as soon as it is known."""
        plan = replace(request.bench, methods=methods_on(setting.device, request.bench))
        self._request = replace(request, bench=plan)
        self._plan, self._baseline = plan, operator.baseline
        self._baseline_of = partial(request.baseline_of, usual=operator.baseline)
        self._setting, self._deadline, self._gpu, self._tell = setting, deadline, gpu, tell
        self._judge = Guarded(_judge, setting)
        self._seats: Dict[Entrant, OwnProcess] = {}
        self._banned: Dict[str, str] = {}
        self._kept: Dict[Case, Kept] = {}
        self._rows: Dict[Case, Rows] = {}
        self._undecided: Set[Case] = set()
        self._total = _STEPS

    def run(self, checks: Sequence[CheckRecord], keep: Callable[[], None]) -> None:
        """Race on all cases, start by start, until all is decided, or the time for that is spent;
        `keep` is called after each case of each. Raises OutOfTime."""
        for case in self._request.cases:
            passed = [c.provider for c in checks if c.case == case and may_be_timed(c)]
            if passed:
                self._rows[case] = Rows(case, passed, self._plan.methods, self._baseline)
        began, last_s = time.monotonic(), 0.0
        try:
            for number in range(self._plan.starts[-1]):
                cases, start_began = self._open(number), time.monotonic()
                if not cases or self._is_late(number, began, last_s):
                    break
                self._start(number, cases, keep)
                last_s = time.monotonic() - start_began
        finally:
            self._close()
            self._judge.drop()
        for rows in self._rows.values():
            for record in rows.records():
                say(f"bench {record.provider} {rows.case.label} {_line(record)}")
        step(Stage.BENCH, self._total, self._total, "timed")

    def watched(self, watch: Watch) -> Tuple[Watched, ...]:
        """What was seen of the machine during all races so far; the records learn of it."""
        watch.settle()
        return tuple(one for rows in self._rows.values() for one in rows.watched(watch))

    def records(self, status: Status, reason: str) -> Tuple[BenchRecord, ...]:
        """All records so far; of what is still under way with `status` and `reason`."""
        return tuple(r for rows in self._rows.values() for r in rows.records(status, reason))

    def _open(self, number: int) -> List[Case]:
        """The cases of which something can still be learnt."""
        racing = [case for case, rows in self._rows.items() if rows.entrants]
        if number < self._plan.starts[0]:
            return racing
        if number in self._plan.starts:
            self._look()
        return [case for case in racing if case in self._undecided]

    def _look(self) -> None:
        judged = sum(_comparisons(rows, self._plan.methods) for rows in self._rows.values())
        self._undecided = {
            case
            for case, rows in self._rows.items()
            if not decided(rows.records(), self._plan, self._baseline_of, judged)
        }

    def _is_late(self, number: int, began: float, last_s: float) -> bool:
        """Whether another start would take longer than all are to take."""
        if number < self._plan.starts[0]:
            return False
        spent_s = time.monotonic() - began
        return spent_s + last_s > budget_s(self._plan, self._setting.device)

    def _start(self, number: int, cases: Sequence[Case], keep: Callable[[], None]) -> None:
        """New processes for all, and a heat of each case."""
        for case in cases:
            rows = self._rows[case]
            for name, why in self._banned.items():
                rows.blame(name, Status.FAILED, why)
            if rows.entrants:
                self._heat(number, rows)
            if number + 1 >= self._plan.starts[0]:
                rows.complete()
            keep()
        self._close()

    def _heat(self, number: int, rows: Rows) -> None:
        seats: Dict[Entrant, Seat] = {one: self._seat(one) for one in rows.entrants}
        kept = self._kept.setdefault(rows.case, Kept())
        before = None if number else self._gpu(self._pids())
        slot = slot_s(self._plan, self._setting.device, len(self._rows))

        def tell(method: Method, round_: int, rounds: int) -> None:
            self._report(number, rows.case, method, round_, rounds)

        def chosen(method: Method, whole: Effort, effort: Effort) -> None:
            cut = of_race(rows.case, method, self._plan, whole, effort)
            if cut is not None:
                self._tell(cut)

        field = Field(self._plan, self._setting.device, slot, tell, chosen)
        heat = Heat(field, rows, seats, self._ask_judge, kept)
        try:
            heat.run()
        except CannotJudge as exc:
            rows.give_up(Status.FAILED, f"it cannot be judged what timed calls give: {exc}")
        except (Died, Silent) as exc:
            self._deadline.require()
            rows.give_up(Status.FAILED, f"the judge of timed calls gave no answer: {exc}")
            self._forget_inputs()
        for entrant, out in heat.ended:
            self._drop(entrant)
            if out.only is None:
                self._banned[entrant.provider] = f"not timed: {out.how} on {rows.case.label}"
            say(f"bench {entrant.provider} {rows.case.label}: {out.how}; the others go on")
        if not number or number + 1 in self._plan.starts:
            rows.between(before, self._gpu(self._pids()))

    def _forget_inputs(self) -> None:
        """The next judge knows none of them, and would call its own by the same numbers."""
        for kept in self._kept.values():
            kept.first = None
            kept.sets.clear()

    def _pids(self) -> List[int]:
        """Of our own processes, which may hold the GPU."""
        pids = [self._judge.pid, *(seat.pid for seat in self._seats.values())]
        return [pid for pid in pids if pid is not None]

    def _seat(self, entrant: Entrant) -> OwnProcess:
        """A process that is this start's own; it stands still until its turn."""
        if entrant not in self._seats:
            known = {one.name: one for one in self._request.providers}
            limit_s = self._request.check.case_limit_s
            seat = OwnProcess(known[entrant.provider], self._setting, self._deadline, limit_s)
            self._seats[entrant] = seat
        return self._seats[entrant]

    def _drop(self, entrant: Entrant) -> None:
        seat = self._seats.pop(entrant, None)
        if seat is not None:
            seat.drop()

    def _close(self) -> None:
        for seat in self._seats.values():
            seat.end()
        for entrant in tuple(self._seats):
            self._drop(entrant)

    def _ask_judge(self, message: Any) -> Any:
        """It stands still before and after, as its threads would spin on for a while, beside
        whoever is timed next."""
        self._judge.resume()
        try:
            return self._judge.ask(message, self._deadline.allow(self._request.check.case_limit_s))
        finally:
            self._judge.pause()

    def _report(self, number: int, case: Case, method: Method, round_: int, rounds: int) -> None:
        """A progress line for each round, towards the first look, then towards the next ones."""
        methods, place = self._plan.methods, list(self._rows).index(case)
        look = next(one for one in self._plan.starts if one > number)
        shares = (number * len(self._rows) + place) * len(methods) + methods.index(method)
        self._total = _STEPS * len(self._rows) * len(methods) * look
        what = f"{case.label} {method.value} start {number + 1} of {look}"
        label = f"{what}, round {round_ + 1} of {rounds}"
        if number >= self._plan.starts[0]:
            label += f", {len(self._undecided)} of {len(self._rows)} cases undecided"
        step(Stage.BENCH, _STEPS * shares + _STEPS * round_ // rounds, self._total, label)


def _comparisons(rows: Rows, methods: Sequence[Method]) -> int:
    """How many of one case a report makes: by the first method everybody with everybody, as nobody
    knows before who is the best of the others; by the others everybody with the baseline."""
    number = len({one.provider for one in rows.records()})
    return number * (number - 1) // 2 + (number - 1) * (len(methods) - 1)


def _line(record: BenchRecord) -> str:
    if record.status is not Status.OK:
        return f"{record.method.value}: {record.status.value}, {record.reason}"
    low, high = min(record.samples_us), max(record.samples_us)
    name = f"{record.method.value}{' (control)' if record.control else ''}"
    count = f"{len(record.samples_us)} samples of {record.calls} calls"
    return f"{name}: {count} in {len(record.starts)} starts, {low:.1f} to {high:.1f} us"


def _judge(pipe: Pipe, setting: Setting) -> None:
    from remote_payload.stages.bench import umpire  # here, so that the parent never imports torch

    umpire.serve(pipe, setting)
