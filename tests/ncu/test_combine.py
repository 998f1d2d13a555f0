"""Kernels of one call are put together where that means something, and nowhere else."""

from __future__ import annotations

from orchestrator.ncu.capture import KernelCapture, Measurement
from orchestrator.ncu.combine import Combined, combine
from orchestrator.ncu.metrics import QUANTITIES
from orchestrator.ncu.read import read_text
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
