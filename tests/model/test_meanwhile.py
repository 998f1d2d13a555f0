"""What the machine did during a race, as a reason to distrust its times; each provoked once."""

from __future__ import annotations

from dataclasses import replace

import pytest

from orchestrator.performance.objection import Objection, Severity
from orchestrator.performance.objections.every import objections
from remote_payload.contract.result import Result
from remote_payload.contract.watched import Span, Watched
from tests.report import races, synthetic


def found(*watched: Watched, cpu: bool = False) -> tuple[Objection, ...]:
    result = synthetic.cpu_result() if cpu else synthetic.gpu_result()
    assert objections(result) == ()
    return objections(replace(result, watched=watched))


def only(*watched: Watched, cpu: bool = False) -> Objection:
    (one,) = found(*watched, cpu=cpu)
    return one


def test_a_quiet_race_meets_no_objection() -> None:
    assert found(races.on_gpu(), races.on_gpu()) == ()
    assert found(races.on_cpu(), cpu=True) == ()


@pytest.mark.parametrize(
    "changes",
    [
        {"throttle": (("applications_clocks_setting", 60), ("gpu_idle", 3))},  # nvidia-smi -lgc
        {"throttle": (("sync_boost", 60), ("display_clock_setting", 60))},
        {"sm_clock_mhz": races.level(1410.0)},
        {"sm_clock_mhz": Span(1950.0, 1965.0, 1980.0)},  # two steps
        {"margin_c": Span(4.0, 6.0, 9.0)},
        {"others_load": Span(0.0, 0.14, 3.0)},
        {"others_load": races.level(0.5), "cpus": 52},  # less than a hundredth of the CPUs
        {"power_w": Span(500.0, 680.0, 702.0)},
        {"throttle": None, "other_processes": None, "power_limit_w": None},
        {"held_s": 0.05, "stolen": races.level(0.04)},
    ],
)
def test_what_cannot_have_moved_the_times_is_no_doubt(changes: dict[str, object]) -> None:
    assert found(races.on_gpu(**changes)) == ()


def test_a_clock_that_falls_within_a_race_is_doubted() -> None:
    one = only(races.on_gpu(), races.on_gpu(sm_clock_mhz=Span(1200.0, 1755.0, 1980.0)))
    assert one.severity is Severity.DOUBT
    assert one.text == (
        "the SM clock moved within 1 of 2 races, most of all between 1200 and 1980 MHz "
        f"({synthetic.case().label}, back_to_back)"
    )


def test_clocks_that_differ_from_race_to_race_are_a_note() -> None:
    one = only(races.on_gpu(), races.on_gpu(sm_clock_mhz=races.level(1410.0)))
    assert one.severity is Severity.NOTE
    assert "1410 to 1755 MHz" in one.text


def test_a_throttle_is_doubted_and_says_what_was_left_out() -> None:
    hot = races.on_gpu(throttle=(("hw_slowdown", 4), ("sw_thermal_slowdown", 9)))
    one = only(hot, races.on_gpu())
    assert one.severity is Severity.DOUBT
    assert one.text == (
        "the GPU held its clocks back in 1 of 2 races (hw_slowdown in 4, sw_thermal_slowdown in 9 "
        "of 60 looks); no sample was taken meanwhile"
    )
    result = synthetic.gpu_result()
    marked = tuple(replace(record, held_back=(3, 4)) for record in result.bench[:2])
    result = replace(result, bench=(*marked, *result.bench[2:]), watched=(hot,))
    (one,) = objections(result)
    count = sum(len(record.samples_us) for record in result.bench)
    assert f"4 of {count} samples were taken meanwhile and are left out" in one.text


def test_a_power_cap_throughout_is_a_note_and_one_that_comes_and_goes_a_doubt() -> None:
    steady = only(races.on_gpu(throttle=(("sw_power_cap", 55),), power_w=races.level(699.0)))
    assert steady.severity is Severity.NOTE
    assert steady.text.startswith("the limit on the power of 700 W set the clock in 1 of 1 race")
    assert only(races.on_gpu(power_w=races.level(690.0))).severity is Severity.NOTE
    passing = only(races.on_gpu(throttle=(("sw_power_cap", 10),)))
    assert passing.severity is Severity.DOUBT
    assert "sw_power_cap in 10 of 60 looks" in passing.text


def test_a_gpu_about_to_slow_itself_down_is_doubted() -> None:
    one = only(races.on_gpu(margin_c=Span(2.0, 5.0, 9.0)))
    assert one.severity is Severity.DOUBT
    assert "within 2 °C" in one.text


def test_company_that_came_during_a_race_is_doubted() -> None:
    one = only(races.on_gpu(), races.on_gpu(other_processes=1))
    assert one.severity is Severity.DOUBT
    assert one.text == "up to 1 other process used the GPU during 1 of 2 races"


def test_others_on_the_cpus_are_a_doubt_where_it_gets_narrow_and_else_a_note() -> None:
    narrow = only(races.on_cpu(others_load=Span(0.9, 1.0, 1.0)), cpu=True)
    assert narrow.severity is Severity.DOUBT
    assert narrow.text.startswith("others kept up to 1.0 of 8 CPUs busy during 1 of 1 race")
    roomy = only(races.on_gpu(others_load=races.level(3.0)))
    assert roomy.severity is Severity.NOTE


def test_cpu_time_that_was_taken_away_is_doubted() -> None:
    one = only(races.on_cpu(stolen=races.level(0.5)), cpu=True)
    assert (one.severity, "took away up to 0.5 of 8 CPUs" in one.text) == (Severity.DOUBT, True)
    one = only(races.on_cpu(held_s=1.2), cpu=True)
    assert (one.severity, "for 1.2 s of 6.0 s" in one.text) == (Severity.DOUBT, True)


def test_states_around_races_that_were_watched_say_no_more() -> None:
    def with_states(result: Result) -> Result:
        state = synthetic.state(other_processes=2, throttle_reasons=("sw_power_cap",))
        return replace(result, bench=tuple(replace(r, after=state) for r in result.bench))

    assert len(objections(with_states(synthetic.gpu_result()))) == 2
    watched = replace(synthetic.gpu_result(), watched=(races.on_gpu(),))
    assert objections(with_states(watched)) == ()


def test_clocks_that_a_user_locked_are_no_doubt_in_results_of_before_either() -> None:
    state = synthetic.state(throttle_reasons=("applications_clocks_setting",))
    result = synthetic.gpu_result()
    assert (
        objections(replace(result, bench=tuple(replace(r, after=state) for r in result.bench)))
        == ()
    )
