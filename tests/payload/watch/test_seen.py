"""From single looks to what is told of a race."""

from __future__ import annotations

import pytest

from remote_payload.contract.watched import Span, Watched
from remote_payload.contract.words import Method
from remote_payload.machine.watch import rows, seen
from remote_payload.machine.watch.rows import CompanyRow, CpuRow, GpuRow, Row
from remote_payload.machine.watch.seen import Turn
from tests.payload.running import TINY

PERIOD_S = 0.2


def told(turns: list[Turn], looks: list[Row]) -> Watched:
    found = seen.watched(TINY, Method.COLD, turns, looks, PERIOD_S)
    assert found is not None
    return found


def loaded(others: float, own: float, began_s: float, ended_s: float) -> list[Row]:
    """Looks at four CPUs of which so many are busy for others and for us."""
    count = round((ended_s - began_s) / PERIOD_S)
    times = [(began_s + n * PERIOD_S, n * PERIOD_S) for n in range(count + 1)]
    return [
        CpuRow(at_s, 4, 100 + (others + own) * s, 5 + 0.1 * s, 0.01 * s, own * s, 0.3 * s)
        for at_s, s in times
    ]


def test_a_load_is_what_lies_in_the_turns() -> None:
    looks = [*loaded(0.5, 2.0, 0.0, 4.0)]
    found = told([(1.0, 2.0), (2.1, 3.0)], looks)
    assert found.seconds == pytest.approx(1.9)
    assert found.others_load is not None
    assert found.others_load.median == pytest.approx(0.5)
    assert found.own_load is not None
    assert found.own_load.high == pytest.approx(2.0)
    assert found.stolen is not None
    assert found.stolen.low == pytest.approx(0.1)
    assert found.waiting is not None
    assert found.waiting.median == pytest.approx(0.3)
    assert found.cost == pytest.approx(0.01)
    assert (found.held_s, found.cpu_mhz, found.cpus) == (None, None, 4)


def test_a_load_before_and_after_the_turns_is_none_of_theirs() -> None:
    first, second = loaded(3.0, 0.0, 0.0, 4.0), loaded(0.0, 1.0, 4.2, 8.0)
    found = told([(4.2, 8.0)], [*first, *second])
    assert found.others_load is not None
    assert found.others_load.high == pytest.approx(0.0, abs=1e-9)


def test_a_turn_between_two_looks_is_told_by_those_beside_it() -> None:
    looks: list[Row] = [GpuRow(at, sm_clock_mhz=1000 + at, by="NVML") for at in (1.0, 1.2, 1.4)]
    found = told([(1.21, 1.23)], [*looks, *loaded(1.0, 0.0, 1.0, 1.4)])
    assert found.sm_clock_mhz is not None
    assert (found.sm_clock_mhz.low, found.sm_clock_mhz.high) == (1001.2, 1001.4)
    assert found.others_load is not None
    assert found.others_load.median == pytest.approx(1.0)


def test_what_was_far_from_every_turn_is_nothing() -> None:
    assert seen.watched(TINY, Method.COLD, [(9.0, 9.1)], loaded(1.0, 1.0, 0, 4), PERIOD_S) is None


def test_one_odd_look_in_many_is_no_clock_of_the_race_and_a_step_is() -> None:
    def clocks(odd: int) -> Span | None:
        looks: list[Row] = [GpuRow(n * PERIOD_S, sm_clock_mhz=1980.0) for n in range(40)]
        looks[:odd] = [GpuRow(n * PERIOD_S, sm_clock_mhz=900.0) for n in range(odd)]
        return told([(0.0, 8.0)], looks).sm_clock_mhz

    assert clocks(1) == Span(1980, 1980, 1980)
    assert clocks(10) == Span(900, 1980, 1980)


def test_a_process_of_ours_that_is_listed_a_moment_too_long_is_no_company() -> None:
    def company(*others: int) -> int | None:
        looks: list[Row] = [CompanyRow(float(n), count) for n, count in enumerate(others)]
        return told([(0.0, 9.0)], [GpuRow(1.0), *looks]).other_processes

    assert company(0, 1, 0, 0) == 0
    assert company(0, 1, 1, 0) == 1
    assert company(2) == 2
    assert company() is None


def test_rows_survive_their_line_and_a_broken_line_costs_only_itself() -> None:
    every: list[Row] = [
        GpuRow(1.5, 1980.0, reasons=("gpu_idle",), by="NVML"),
        GpuRow(1.6),
        CompanyRow(1.7, 2),
        CpuRow(1.8, 4, 1.0, 0.0, 0.1, None, 0.5),
    ]
    lines = b"".join(rows.line(each) for each in every).split(b"\n")
    broken = [b"", b"{", b"[1, 2]", b'["gpu", {"at": 1}]', b'["?", {}]', b'["cpu", 5]']
    assert rows.read([*broken, *lines]) == every
