"""A GPU watched through NVIDIA's own programs, as far as they tell, and for as long as they do."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from itertools import pairwise
from pathlib import Path

import pytest

from remote_payload.contract.watched import Span, Watched
from remote_payload.contract.words import Method
from remote_payload.machine.watch.rows import CompanyRow, GpuRow, Row
from remote_payload.machine.watch.watch import Watch
from tests.payload.running import ROOT, TINY
from tests.payload.watch.stand_ins import (
    CALM,
    CAPPED,
    IDLE,
    LOCKED,
    THERMAL,
    UNTOLD,
    put_nvidia_smi,
    put_pynvml,
)
from tests.processes import at_work_in, left_at_work_in, needs_proc

PERIOD_S = 0.05
LIMIT_S = 10.0


@pytest.fixture(autouse=True)
def no_bindings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Unless a test puts some there, also on a machine that has them."""
    put_pynvml(tmp_path, monkeypatch, broken="init")


def gpu_rows(rows: tuple[Row, ...]) -> list[GpuRow]:
    return [row for row in rows if isinstance(row, GpuRow)]


def wait_for(watch: Watch, count: int, began_s: float = 0.0) -> list[GpuRow]:
    """The rows of the GPU, once there are so many."""
    end_s = time.monotonic() + LIMIT_S
    while time.monotonic() < end_s:
        rows = gpu_rows(watch.between(began_s, time.monotonic()))
        if len(rows) >= count:
            return rows
        time.sleep(0.02)
    raise AssertionError(f"not {count} rows within {LIMIT_S} s")


def seen(watch: Watch, rows: list[GpuRow]) -> Watched:
    found = watch.watched(TINY, Method.GRAPH, [(rows[0].at_s, rows[-1].at_s)])
    assert found is not None
    return found


def test_a_throttle_in_the_middle_of_a_race_is_seen_in_the_turns_it_fell_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_nvidia_smi(tmp_path, monkeypatch, [CALM] * 8 + [THERMAL] * 8 + [CALM] * 8)
    with Watch("GPU-1", PERIOD_S) as watch:
        rows = wait_for(watch, 24)[:24]
        ends = [row.at_s for row in rows[::4]] + [rows[-1].at_s + PERIOD_S]
        turns = list(pairwise(ends))
        # The neighbours may be touched by it: nobody looked between the two.
        assert {2, 3} <= set(watch.held_back(turns)) <= {1, 2, 3, 4}
        assert watch.reasons(*turns[2]) == ("sw_thermal_slowdown",)
        assert watch.reasons(*turns[0]) == ()
        found = seen(watch, rows)
    assert found.by.startswith("nvidia-smi")
    assert found.samples == 24
    assert found.throttle == (("sw_thermal_slowdown", 8),)
    assert found.sm_clock_mhz == Span(1200, 1980, 1980)
    assert found.power_limit_w == 700
    assert found.temperature_c == Span(57, 57, 87)
    assert found.margin_c == Span(0, 30, 30)


def test_clocks_that_a_user_locked_and_a_power_cap_throughout_leave_every_turn_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_nvidia_smi(tmp_path, monkeypatch, [LOCKED] * 6 + [CAPPED] * 10)
    with Watch("GPU-1", PERIOD_S) as watch:
        rows = wait_for(watch, 16)[:16]
        locked = [(row.at_s, row.at_s) for row in rows[:5]]
        capped = [(row.at_s, row.at_s) for row in rows[7:]]
        assert watch.held_back(locked) == ()
        assert watch.held_back(capped) == ()
        assert watch.reasons(*capped[0]) == ("sw_power_cap",)
        # Where it comes and goes, it counts.
        assert watch.held_back([*locked, capped[0]]) == (5,)


def test_the_clock_of_an_idle_gpu_is_none_of_a_race(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_nvidia_smi(tmp_path, monkeypatch, [CALM, CALM, IDLE, IDLE, CALM, CALM])
    with Watch("GPU-1", PERIOD_S) as watch:
        found = seen(watch, wait_for(watch, 6)[:6])
    assert found.sm_clock_mhz == Span(1980, 1980, 1980)
    assert found.throttle == (("gpu_idle", 2),)


def test_what_the_driver_does_not_tell_is_not_known_rather_than_zero(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_nvidia_smi(tmp_path, monkeypatch, [UNTOLD], pids=["[Insufficient Permissions]"])
    with Watch("GPU-1", PERIOD_S) as watch:
        found = seen(watch, wait_for(watch, 3))
    assert found.samples >= 3
    assert found.sm_clock_mhz is None
    assert found.temperature_c is None
    assert found.throttle is None
    assert found.other_processes is None


@pytest.mark.parametrize(
    "unknown",
    [
        ("temperature.gpu.tlimit",),
        ("temperature.gpu.tlimit", "clocks_event_reasons.active"),
    ],
)
def test_an_older_driver_is_asked_in_the_words_it_knows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, unknown: tuple[str, ...]
) -> None:
    put_nvidia_smi(tmp_path, monkeypatch, [THERMAL], unknown=unknown)
    with Watch("GPU-1", PERIOD_S) as watch:
        row = wait_for(watch, 1)[0]
    assert (row.sm_clock_mhz, row.margin_c) == (1200, None)
    assert row.reasons == ("sw_thermal_slowdown",)


@pytest.mark.parametrize("then", ["stalls", "dies"])
def test_a_program_that_stalls_or_dies_leaves_what_it_said_and_no_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, then: str
) -> None:
    put_nvidia_smi(tmp_path, monkeypatch, [CALM] * 3, then=then)
    with Watch("GPU-1", PERIOD_S) as watch:
        last_s = wait_for(watch, 3)[-1].at_s
        time.sleep(4 * PERIOD_S)
        now_s = time.monotonic()
        assert gpu_rows(watch.between(last_s + PERIOD_S, now_s)) == []
        watch.settle()  # the CPUs are still looked at
        late = watch.watched(TINY, Method.COLD, [(last_s + 2 * PERIOD_S, now_s)])
    assert late is not None
    assert (late.by, late.sm_clock_mhz) == ("/proc", None)


def test_without_any_driver_only_the_cpus_are_seen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with Watch("GPU-1", PERIOD_S) as watch:
        began_s = time.monotonic()
        watch.settle()
        watch.settle()
        found = watch.watched(TINY, Method.COLD, [(began_s, time.monotonic())])
    assert found is not None
    assert found.by == "/proc"
    assert found.other_processes is None


def test_company_is_what_is_not_ours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put_nvidia_smi(tmp_path, monkeypatch, [CALM], pids=[os.getpid(), 1, os.getppid()])
    with Watch("GPU-1", PERIOD_S) as watch:
        began_s, end_s = time.monotonic(), time.monotonic() + LIMIT_S
        while time.monotonic() < end_s:
            rows = watch.between(began_s, time.monotonic())
            if any(isinstance(row, CompanyRow) for row in rows):
                break
            time.sleep(0.05)
        found = watch.watched(TINY, Method.COLD, [(began_s, time.monotonic())])
    assert found is not None
    assert found.other_processes == 2


@needs_proc
def test_programs_that_print_for_ever_end_with_a_run_that_is_killed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_nvidia_smi(tmp_path, monkeypatch, [CALM])
    script = (
        "import time; from remote_payload.machine.watch.watch import Watch\n"
        "with Watch('GPU-1') as watch: time.sleep(60)"
    )
    run = subprocess.Popen([sys.executable, "-c", script], cwd=ROOT)
    end_s = time.monotonic() + LIMIT_S
    while len(at_work_in(tmp_path)) < 2 and time.monotonic() < end_s:
        time.sleep(0.02)
    run.kill()
    run.wait()
    assert left_at_work_in(tmp_path, 5.0) == []


def test_bindings_of_nvml_are_asked_first_and_may_not_know_everything(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_pynvml(tmp_path, monkeypatch, pids=[os.getpid(), 1])
    put_nvidia_smi(tmp_path, monkeypatch, [THERMAL])
    with Watch("GPU-1", PERIOD_S) as watch:
        rows = wait_for(watch, 2)
        found = seen(watch, rows)
    assert found.by == "NVML, /proc"
    assert found.sm_clock_mhz == Span(1980, 1980, 1980)
    assert found.memory_clock_mhz == Span(2619, 2619, 2619)
    assert found.power_w == Span(512.3, 512.3, 512.3)
    assert found.power_limit_w is None
    assert found.margin_c == Span(29, 29, 29)
    assert found.other_processes == 1
    assert found.throttle == (("hw_thermal_slowdown", len(rows)), ("sw_power_cap", len(rows)))


def test_bindings_that_crash_take_nothing_with_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_pynvml(tmp_path, monkeypatch, broken="crash")
    with Watch("GPU-1", PERIOD_S) as watch:
        began_s = time.monotonic()
        watch.settle()
        assert watch.watched(TINY, Method.COLD, [(began_s, time.monotonic())]) is None
        assert watch.held_back([(began_s, time.monotonic())]) == ()
