"""The bench stage: all providers that passed the check race in one process, round by round."""

from __future__ import annotations

from dataclasses import replace
from typing import Callable, Dict, List, Optional, Sequence, Tuple

from remote_payload.contract.case import Case
from remote_payload.contract.facts import OperatorFacts
from remote_payload.contract.machine import GpuState
from remote_payload.contract.plans import BenchPlan
from remote_payload.contract.records import BenchRecord, CheckRecord, Cut
from remote_payload.contract.request import Provider, Request
from remote_payload.contract.words import Method, Stage, Status
from remote_payload.operators.setting import Setting
from remote_payload.processes.announce import say, step
from remote_payload.processes.bounded import spoken
from remote_payload.processes.guarded import Guarded
from remote_payload.processes.isolate import Deadline, Died, Pipe, Silent
from remote_payload.stages.bench.attempt import Attempt
from remote_payload.stages.bench.cuts import of_race
from remote_payload.stages.bench.race import Chosen, Finished, Race, Turn
from remote_payload.stages.bench.schedule import methods_on, slot_s

GpuProbe = Callable[[Optional[int]], Optional[GpuState]]  # given the pid of our own worker
_STEPS = 100  # progress units of one (case, method)


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
        self._baseline = operator.baseline
        self._setting, self._deadline, self._gpu, self._tell = setting, deadline, gpu, tell
        self._worker = Guarded(_serve, request.providers, setting, plan)
        self._banned: Dict[str, str] = {}
        self._unrecorded: Dict[str, str] = {}
        self._done: List[BenchRecord] = []
        self._open: Optional[Attempt] = None
        self._case_number = 0
        self._keep: Callable[[], None] = lambda: None

    def run(self, checks: Sequence[CheckRecord], keep: Callable[[], None]) -> None:
        """Race all cases; `keep` is called after each method of each. Raises OutOfTime."""
        self._keep = keep
        try:
            for number, case in enumerate(self._request.cases):
                self._case_number = number
                passed = [c.provider for c in checks if c.case == case and may_be_timed(c)]
                self._race(case, passed)
                keep()
        finally:
            self._worker.drop()
        total = _STEPS * len(self._request.cases) * len(self._request.bench.methods)
        step(Stage.BENCH, total, total, "timed")

    def records(self, status: Status, reason: str) -> Tuple[BenchRecord, ...]:
        """All records so far; of a race still under way with `status` and `reason`."""
        under_way = self._open.records(status, reason) if self._open else []
        return (*self._done, *under_way)

    def _race(self, case: Case, passed: Sequence[str]) -> None:
        """Race until nobody crashes: who ended the process is out, for this and later cases.

        Who did so while timed by GRAPH is out of that method only.
        """
        for name in passed:
            if name in self._banned:
                self._done += _untimed(name, case, self._request.bench, self._banned[name])
        racing = [name for name in passed if name not in self._banned]
        while racing:
            attempt = self._open = Attempt(
                case, racing, self._request.bench.methods, self._baseline
            )
            for name, why in self._unrecorded.items():
                attempt.blame(name, Status.SKIPPED, why, Method.GRAPH)
            last = self._attempt(attempt, racing)
            self._open = None
            if last is None:
                self._done += attempt.records()
                return
            culprit = last.entrant.provider
            if culprit in self._banned:
                self._done += attempt.of(culprit)
                racing.remove(culprit)

    def _attempt(self, attempt: Attempt, racing: Sequence[str]) -> Optional[Turn]:
        """Run one race; the turn in which its process ended, if it did. Somebody is then out."""
        limit_s = self._request.check.case_limit_s
        try:
            self._follow(attempt, racing, limit_s)
            return None
        except Silent:
            self._deadline.require()
            status, how = Status.TIMEOUT, f"hung for {spoken(limit_s)} while being timed"
        except Died as exc:
            status, how = Status.FAILED, f"crashed while being timed: {exc}"
        self._worker.drop()
        if attempt.turn is None:
            raise Died("the bench process ended before any provider ran; see the log")
        culprit, where = attempt.turn.entrant.provider, attempt.case.label
        if attempt.turn.method is Method.GRAPH and culprit not in self._unrecorded:
            self._unrecorded[culprit] = f"not timed by graph: {how} on {where}"
            say(f"bench {culprit} {where}: {how}; all start again, and it without a graph")
            return attempt.turn
        attempt.blame(culprit, status, how)
        self._banned[culprit] = f"not timed: {how} on {where}"
        say(f"bench {culprit} {where}: {how}; the others start again without it")
        return attempt.turn

    def _follow(self, attempt: Attempt, racing: Sequence[str], limit_s: float) -> None:
        before = self._gpu(self._worker.pid)
        slot = slot_s(self._request.bench, self._setting.device, len(self._request.cases))
        self._worker.send(
            Race(attempt.case, tuple(racing), slot, tuple(self._unrecorded), self._baseline)
        )
        while True:
            message = self._worker.hear(self._deadline.allow(limit_s))
            if isinstance(message, Finished):
                break
            attempt.take(message)
            if isinstance(message, Chosen):
                self._keep()  # what the method before took
                plan = self._request.bench
                cut = of_race(attempt.case, message.method, plan, message.effort)
                if cut is not None:
                    self._tell(cut)
            self._report(message, attempt)
        attempt.between(before, self._gpu(self._worker.pid))
        for record in attempt.records():
            say(f"bench {record.provider} {attempt.case.label} {_line(record)}")

    def _report(self, message: object, attempt: Attempt) -> None:
        """A progress line at the first turn of each round, while the worker warms up."""
        if not isinstance(message, Turn) or message.entrant.control:
            return
        effort = attempt.effort(message.method)
        if effort.rounds == 0 or attempt.announced == (message.method, message.round):
            return
        attempt.announced = (message.method, message.round)
        methods = self._request.bench.methods
        races = self._case_number * len(methods) + methods.index(message.method)
        done = races * _STEPS + _STEPS * message.round // effort.rounds
        total = _STEPS * len(self._request.cases) * len(methods)
        what = f"{attempt.case.label} {message.method.value}"
        step(Stage.BENCH, done, total, f"{what} round {message.round + 1} of {effort.rounds}")


def _untimed(name: str, case: Case, plan: BenchPlan, reason: str) -> List[BenchRecord]:
    return [BenchRecord(name, case, method, Status.FAILED, reason) for method in plan.methods]


def _line(record: BenchRecord) -> str:
    if record.status is not Status.OK:
        return f"{record.method.value}: {record.status.value}, {record.reason}"
    low, high = min(record.samples_us), max(record.samples_us)
    name = f"{record.method.value}{' (control)' if record.control else ''}"
    count = f"{len(record.samples_us)} samples of {record.calls} calls"
    return f"{name}: {count}, {low:.1f} to {high:.1f} us"


def _serve(
    pipe: Pipe,
    providers: Tuple[Provider, ...],
    setting: Setting,
    bench: BenchPlan,
) -> None:
    from remote_payload.stages.bench import timing  # here, so that the parent never imports torch

    timing.serve(pipe, providers, setting, bench)
