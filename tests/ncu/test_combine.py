"""Kernels of one call are put together where that means something, and nowhere else."""

from __future__ import annotations

import pytest

from orchestrator.readers.ncu.capture import KernelCapture, Measurement
from orchestrator.readers.ncu.quantities.combine import (
    Combined,
    Reading,
    State,
    combine,
    read,
    reading,
)
from orchestrator.readers.ncu.quantities.metrics import QUANTITIES
from orchestrator.readers.ncu.read import read_text
from tests.ncu.places import fixture

KERNELS = read_text(fixture("raw_two_kernels.csv")).kernels


def together(name: str) -> Combined:
    return combine(KERNELS, QUANTITIES[name])


def test_durations_and_bytes_are_added() -> None:
    assert together("duration") == Combined(40_000)
    assert together("dram_read") == Combined(6_000_000)


def test_a_rate_is_weighted_by_time_so_that_it_is_bytes_over_time() -> None:
    # 250 GB/s for 10 us and 150 GB/s for 30 us are 7 MB in 40 us.
    assert together("dram_rate") == Combined(175e9)


def test_a_share_of_the_active_peak_is_weighted_by_active_cycles() -> None:
    assert together("tensor_pipe") == Combined(30.0)


def test_ratios_with_denominators_of_their_own_are_not_averaged() -> None:
    assert together("l2_hit").value is None
    assert "not combinable" in together("l2_hit").reason
    assert together("registers") == Combined(None, "not combinable: the kernels differ")


def test_one_missing_value_makes_the_sum_missing() -> None:
    assert together("instructions") == Combined(None, "measured for 0 of 2 kernels")
    without = KernelCapture(2, "k", {})
    assert combine((*KERNELS, without), QUANTITIES["duration"]).value is None
    assert combine((), QUANTITIES["duration"]).value is None


def test_averages_over_launches_are_not_taken_for_launches() -> None:
    (first, _) = read_text(fixture("summary.csv")).kernels
    assert "averages" in combine((first,), QUANTITIES["duration"]).reason


def test_a_value_in_a_unit_we_do_not_know_is_not_used() -> None:
    odd = KernelCapture(0, "k", {"gpu__time_duration.sum": Measurement(3, "parsec")})
    assert combine((odd,), QUANTITIES["duration"]).value is None


DRAM, SHARE = QUANTITIES["dram"], "gpu__dram_throughput.avg.pct_of_peak_sustained_elapsed"


@pytest.mark.parametrize("unit", ["inst", "", "warp", "cycle/inst"])
def test_a_stall_reason_is_measured_in_whatever_word_ncu_counts_it(unit: str) -> None:
    stall = QUANTITIES["stall_long_scoreboard"]
    held = KernelCapture(0, "k", {stall.metric: Measurement(25.94, unit)})
    assert reading(held, stall) == Reading(State.MEASURED, stall.metric, 25.94)


@pytest.mark.parametrize(
    ("found", "state", "said"),
    [
        (None, State.NOT_COLLECTED, ""),
        (Measurement(None, "%", "n/a"), State.NOT_COLLECTED, "n/a"),
        (Measurement(None, "%", "(!) nan"), State.NOT_COLLECTED, "(!) nan"),
        (Measurement(None, ""), State.NOT_COLLECTED, ""),
        (Measurement(0.0, "%"), State.MEASURED, ""),
        (Measurement(61.2, ""), State.MEASURED, ""),
        (Measurement(3.0, "parsec"), State.NOT_UNDERSTOOD, "“3” in “parsec”"),
        (Measurement(3, "byte"), State.NOT_UNDERSTOOD, "“3” in “byte”"),
        (Measurement(None, "%", "12,34,5"), State.NOT_UNDERSTOOD, "“12,34,5” in “%”"),
        (Measurement("a third", ""), State.NOT_UNDERSTOOD, "“a third” without a unit"),
    ],
)
def test_a_quantity_is_measured_not_collected_or_not_understood(
    found: Measurement | None, state: State, said: str
) -> None:
    held = KernelCapture(0, "k", {SHARE: found} if found else {})
    got = reading(held, DRAM)
    assert (got.state, got.said) == (state, said)
    assert (read(held, DRAM) is None) is (state is not State.MEASURED)


@pytest.mark.parametrize("key", ["duration", "dram_read", "sm_clock"])
def test_a_number_without_a_unit_is_not_taken_for_one_in_ours(key: str) -> None:
    held = KernelCapture(0, "k", {QUANTITIES[key].metric: Measurement(30000, "")})
    got = reading(held, QUANTITIES[key])
    assert (got.state, got.said) == (State.NOT_UNDERSTOOD, "“30000” without a unit")


def test_the_older_name_is_the_same_quantity_and_a_readable_one_wins() -> None:
    older = "dram__throughput.avg.pct_of_peak_sustained_elapsed"
    held = KernelCapture(0, "k", {older: Measurement(91.25, "%"), SHARE: Measurement(1, "parsec")})
    assert reading(held, DRAM) == Reading(State.MEASURED, older, 91.25)


def test_what_one_kernel_has_and_nobody_understands_is_the_reason_there_is_no_sum() -> None:
    odd = KernelCapture(0, "k", {"gpu__time_duration.sum": Measurement(3, "parsec")})
    together = combine((*KERNELS, odd), QUANTITIES["duration"])
    assert together == Combined(None, "not understood: gpu__time_duration.sum is “3” in “parsec”")
