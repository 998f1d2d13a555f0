"""Timing by replay: who cannot be recorded stays in every other method, and who computes nothing
in a replay is found out. The clocks here record on the CPU, by calling again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

pytest.importorskip("torch")

from remote_payload.contract.plans import BenchPlan
from remote_payload.contract.records import BenchRecord, CheckRecord
from remote_payload.contract.request import Provider
from remote_payload.contract.words import Method, Status
from remote_payload.machine.clock import Burst, CpuClock, Recorded
from remote_payload.operators.attention.definition import OPERATOR
from remote_payload.operators.setting import Setting
from remote_payload.processes.isolate import Deadline, Died
from remote_payload.providers.loading import load
from remote_payload.stages.bench.attempt import Attempt
from remote_payload.stages.bench.bench import Bench
from remote_payload.stages.bench.race import Chosen, Finished, Race, Samples, Turn
from remote_payload.stages.bench.schedule import Effort, Entrant, entrants
from remote_payload.stages.bench.timing import Heat
from tests.payload.running import ROOT, TINY, TINY_CAUSAL, a_request

SETTING = Setting("cpu", str(ROOT), seed=42)
PLAN = BenchPlan((Method.BACK_TO_BACK, Method.GRAPH), warmup=1, calls=2, rounds=3)
NAMES = ("sdpa", "sdpa-math")
BACK, GRAPH = Method.BACK_TO_BACK, Method.GRAPH


class Replay:
    """A call made again into the memory of its first output. works: whether replay number n does."""

    def __init__(self, call: Callable[[], Any], works: Callable[[int], bool]) -> None:
        self._call, self._works = call, works
        self.output, self.replays = call(), 0

    def replay(self) -> None:
        self.replays += 1
        if self._works(self.replays):
            self.output.copy_(self._call())

    def sample(self) -> float:
        self.replay()
        return 1.5


class ReplayingClock(CpuClock):
    """A CPU clock that can record. works: see Replay."""

    def __init__(self, works: Callable[[int], bool] = lambda number: True) -> None:
        super().__init__()
        self._works = works
        self.asked: list[int] = []

    def record(self, call: Callable[[], Any], calls: int) -> Recorded:
        self.asked.append(calls)
        return Replay(call, self._works)


class Line:
    """The bench worker's end of the pipe, with the parent's books right behind it."""

    def __init__(self, attempt: Attempt) -> None:
        self.send = attempt.take


def raced(clock: CpuClock, plan: BenchPlan = PLAN, **race: Any) -> list[BenchRecord]:
    """The records of one heat."""
    attempt = Attempt(TINY, NAMES, plan.methods, "sdpa")
    loaded = {name: load(Provider(name), SETTING) for name in NAMES}
    heat = Heat(
        Line(attempt), Race(TINY, NAMES, None, baseline="sdpa", **race), loaded, SETTING, clock
    )
    heat.run(plan)
    return attempt.records()


def by(method: Method, records: list[BenchRecord]) -> list[BenchRecord]:
    return [record for record in records if record.method is method]


def test_all_that_can_be_recorded_are_timed_by_replay_with_the_control_pair() -> None:
    clock = ReplayingClock()
    records = raced(clock)
    assert {record.status for record in records} == {Status.OK}
    rows = [(r.provider, r.control, r.samples_us, r.warmup, r.calls) for r in by(GRAPH, records)]
    assert rows == [
        ("sdpa", False, (1.5,) * 3, 2, 2),
        ("sdpa-math", False, (1.5,) * 3, 2, 2),
        ("sdpa", True, (1.5,) * 3, 2, 2),
    ]
    assert clock.asked == [2, 2], "each provider is recorded once, its control not again"


def test_who_cannot_be_recorded_is_out_of_this_method_only_and_nobody_fails() -> None:
    records = raced(CpuClock())
    assert [(r.status, len(r.samples_us)) for r in by(BACK, records)] == [(Status.OK, 3)] * 3
    assert {(r.status, r.reason, r.samples_us) for r in by(GRAPH, records)} == {
        (Status.SKIPPED, "not timed by graph: a CPU has no CUDA graphs", ())
    }


def test_a_recording_without_the_launches_is_no_recording() -> None:
    records = raced(ReplayingClock(works=lambda number: False))
    assert {record.status for record in by(BACK, records)} == {Status.OK}
    for record in by(GRAPH, records):
        assert (record.status, record.samples_us) == (Status.SKIPPED, ())
        assert record.reason.startswith(
            "not timed by graph: a replay computes something else: 3072 of 3072 elements are "
            "outside the tolerance (3072 NaN, 0 infinite)"
        )


class SharingClock(ReplayingClock):
    """A clock whose recordings write, and fail to write, into the output of the last timed call."""

    def burst(self, call: Callable[[], Any], warmup: int, calls: int) -> Burst:
        burst = super().burst(call, warmup, calls)
        if calls == PLAN.calls:
            self._last = burst.out
        return burst

    def record(self, call: Callable[[], Any], calls: int) -> Recorded:
        return Replay(lambda: self._last, self._works)


def test_an_output_kept_by_the_provider_is_looked_at_before_a_replay_may_spoil_it() -> None:
    records = raced(SharingClock(works=lambda number: False))
    assert {record.status for record in by(BACK, records)} == {Status.OK}
    assert {record.status for record in by(GRAPH, records)} == {Status.SKIPPED}


def test_a_replay_that_goes_wrong_while_timed_fails_by_that_method_alone() -> None:
    records = raced(ReplayingClock(works=lambda number: number <= 2))
    assert {record.status for record in by(BACK, records)} == {Status.OK}
    for record in by(GRAPH, records):
        assert record.status is Status.FAILED
        assert record.reason.startswith("the output of its last replayed call is wrong: 3072 of")


def test_who_ended_an_earlier_process_when_recorded_is_not_recorded_again() -> None:
    clock = ReplayingClock()
    records = raced(clock, unrecorded=("sdpa-math",))
    assert len(clock.asked) == 1
    sampled = {(r.provider, r.control) for r in by(GRAPH, records) if r.samples_us}
    assert sampled == {("sdpa", False), ("sdpa", True)}
    assert all(record.samples_us for record in by(BACK, records))


class DyingBench(Bench):
    """A bench whose process dies whenever sdpa-math is recorded; it tells what it was asked."""

    def __init__(self) -> None:
        request = a_request(cases=(TINY, TINY_CAUSAL), bench=PLAN)
        setting = replace(SETTING, device="cuda")
        super().__init__(request, OPERATOR.facts, setting, Deadline(60.0), lambda pid: None)
        self.asked: list[tuple[str, ...]] = []

    def _follow(self, attempt: Attempt, racing: Any, limit_s: float) -> None:
        self.asked.append(tuple(racing))
        for method in PLAN.methods:
            attempt.take(Chosen(method, Effort(1, 2, 1)))
            for entrant in entrants(racing, "sdpa"):
                if method is GRAPH and entrant.provider in self._unrecorded:
                    continue
                attempt.take(Turn(method, entrant))
                if (method, entrant.provider) == (GRAPH, "sdpa-math"):
                    raise Died("exit status 139")
                attempt.take(Samples(method, entrant, (1.5,)))
        attempt.take(Finished())


def test_who_ends_the_process_when_recorded_starts_again_without_its_graph() -> None:
    bench = DyingBench()
    cases = (TINY, TINY_CAUSAL)
    passed = [CheckRecord(name, case, Status.OK) for case in cases for name in NAMES]
    bench.run(passed, keep=lambda: None)
    assert bench.asked == [NAMES] * 3, "twice on the first case, once on the second"
    records = bench.records(Status.FAILED, "")
    assert len(records) == 2 * 2 * 3
    for record in records:
        if (record.provider, record.method) == ("sdpa-math", GRAPH):
            assert record.status is Status.SKIPPED
            assert record.reason == (
                f"not timed by graph: crashed while being timed: exit status 139 on {TINY.label}"
            )
        else:
            assert (record.status, record.samples_us) == (Status.OK, (1.5,))


class DyingAtOnce(DyingBench):
    """One that dies even before anything is timed, where GRAPH is the only method."""

    def _follow(self, attempt: Attempt, racing: Any, limit_s: float) -> None:
        self.asked.append(tuple(racing))
        if "sdpa-math" in racing:
            attempt.take(Turn(GRAPH, Entrant("sdpa-math")))
            raise Died("exit status 1")


def test_who_ends_the_process_even_without_its_graph_is_out_of_the_race() -> None:
    bench = DyingAtOnce()
    bench.run([CheckRecord(name, TINY, Status.OK) for name in NAMES], keep=lambda: None)
    assert bench.asked == [NAMES, NAMES, ("sdpa",)]
