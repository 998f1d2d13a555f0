"""Timing by replay: who cannot be recorded stays in every other method, and who computes nothing
in a replay is found out. The clocks here record on the CPU, by calling again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

pytest.importorskip("torch")

from remote_payload.contract.plans import BenchPlan
from remote_payload.contract.records import BenchRecord
from remote_payload.contract.request import Provider
from remote_payload.contract.words import Method, Status
from remote_payload.machine.clock import CpuClock, Recorded
from remote_payload.operators.setting import Setting
from remote_payload.stages.apart.keeping import Direct
from remote_payload.stages.bench.heat import Field, Heat, Kept
from remote_payload.stages.bench.race import Prepare
from remote_payload.stages.bench.rows import Rows
from remote_payload.stages.bench.schedule import Entrant
from remote_payload.stages.bench.seat import Answer, Out, Seat
from remote_payload.stages.bench.timing import Timed
from remote_payload.stages.bench.umpire import Umpire
from tests.payload import racing
from tests.payload.racing import Here
from tests.payload.running import ROOT, TINY

SETTING = Setting("cpu", str(ROOT), seed=42)
PLAN = BenchPlan((Method.BACK_TO_BACK, Method.GRAPH), warmup=1, calls=2, rounds=3, starts=(1,))
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


def raced(clock: Callable[[], CpuClock], plan: BenchPlan = PLAN, **more: Any) -> list[BenchRecord]:
    """The records of one heat. clock: makes one for each seat."""
    providers = tuple(map(Provider, NAMES))
    return racing.raced(SETTING, TINY, providers, plan, clock, "sdpa", **more)


def by(method: Method, records: list[BenchRecord]) -> list[BenchRecord]:
    return [record for record in records if record.method is method]


def test_all_that_can_be_recorded_are_timed_by_replay_with_the_control_pair() -> None:
    clocks: list[ReplayingClock] = []

    def clock() -> ReplayingClock:
        clocks.append(ReplayingClock())
        return clocks[-1]

    records = raced(clock)
    assert {record.status for record in records} == {Status.OK}
    rows = [(r.provider, r.control, r.samples_us, r.warmup, r.calls) for r in by(GRAPH, records)]
    assert rows == [
        ("sdpa", False, (1.5,) * 3, 2, 2),
        ("sdpa-math", False, (1.5,) * 3, 2, 2),
        ("sdpa", True, (1.5,) * 3, 2, 2),
    ]
    assert [clock.asked for clock in clocks] == [[2]] * 3, "each process records once"


def test_who_cannot_be_recorded_is_out_of_this_method_only_and_nobody_fails() -> None:
    records = raced(CpuClock)
    assert [(r.status, len(r.samples_us)) for r in by(BACK, records)] == [(Status.OK, 3)] * 3
    assert {(r.status, r.reason, r.samples_us) for r in by(GRAPH, records)} == {
        (Status.SKIPPED, "not timed by graph: a CPU has no CUDA graphs", ())
    }


def test_a_recording_without_the_launches_is_no_recording() -> None:
    records = raced(lambda: ReplayingClock(works=lambda number: False))
    assert {record.status for record in by(BACK, records)} == {Status.OK}
    for record in by(GRAPH, records):
        assert (record.status, record.samples_us) == (Status.SKIPPED, ())
        assert record.reason.startswith(
            "not timed by graph: a replay computes something else: 3072 of 3072 elements are "
            "outside the tolerance (3072 NaN, 0 infinite)"
        )


def test_a_replay_that_goes_wrong_while_timed_fails_by_that_method_alone() -> None:
    records = raced(lambda: ReplayingClock(works=lambda number: number <= 2))
    assert {record.status for record in by(BACK, records)} == {Status.OK}
    for record in by(GRAPH, records):
        assert record.status is Status.FAILED
        assert record.reason.startswith("the output of its last replayed call is wrong: 3072 of")


def test_who_ended_an_earlier_process_when_recorded_is_not_recorded_again() -> None:
    records = raced(ReplayingClock, kept=Kept({"sdpa-math"}))
    sampled = {(r.provider, r.control) for r in by(GRAPH, records) if r.samples_us}
    assert sampled == {("sdpa", False), ("sdpa", True)}
    assert all(record.samples_us for record in by(BACK, records))


class DyingSeat(Here):
    """One whose process ends with the first message that asks for a recording."""

    def ask(self, message: Any) -> Answer:
        if isinstance(message, Prepare) and message.method is GRAPH:
            raise Out("crashed while being timed: exit status 139", Status.FAILED, ended=True)
        return super().ask(message)


def test_who_ends_its_process_when_recorded_is_out_of_that_method_and_nobody_else_is() -> None:
    rows, umpire = Rows(TINY, NAMES, PLAN.methods, "sdpa"), Umpire(SETTING, Direct())
    field = Field(PLAN, "cpu", None, lambda *_: None, lambda *_: None)
    seats: dict[Entrant, Seat] = {
        one: (DyingSeat if one.provider == "sdpa-math" else Here)(
            Timed(Provider(one.provider), SETTING, ReplayingClock(), Direct())
        )
        for one in rows.entrants
    }
    heat = Heat(field, rows, seats, umpire.answer, Kept())
    heat.run()
    rows.complete()
    assert [(entrant.provider, out.only) for entrant, out in heat.ended] == [("sdpa-math", GRAPH)]
    for record in rows.records():
        if (record.provider, record.method) == ("sdpa-math", GRAPH):
            assert record.status is Status.SKIPPED
            assert record.reason == (
                "not timed by graph: crashed while being timed: exit status 139"
            )
        else:
            assert (record.status, len(record.samples_us)) == (Status.OK, 3)
