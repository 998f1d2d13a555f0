"""As many threads race as have a CPU each."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from remote_payload.contract.plans import BenchPlan
from remote_payload.contract.request import Provider
from remote_payload.contract.words import Method, Stage
from remote_payload.machine.sharing import Load, Sharing, threads_beside
from tests.payload.running import ROOT, TINY, a_request, misbehaving, run_payload
from tests.processes import needs_proc

BURN = "while True: pass"
# Looks before and after it was busy itself for two seconds.
BUSY_ITSELF = """
import time
from remote_payload.machine.sharing import Sharing
sharing, began_s = Sharing(), time.process_time()
while time.process_time() < began_s + 2.0:
    pass
print(sharing.load().others)
"""


@pytest.fixture
def nothing_chosen(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize(
    ("others", "threads", "left"),
    [
        (0.0, 8, 8),
        (0.25, 8, 8),
        (0.4, 8, 7),
        (1.0, 8, 7),
        (1.3, 8, 6),
        (1.0, 4, 4),
        (4.0, 4, 4),
        (5.0, 4, 3),
        (7.9, 8, 1),
        (9.0, 8, 1),
        (1.0, 1, 1),
    ],
)
def test_as_many_threads_are_left_as_have_one_of_eight_cpus_each(
    nothing_chosen: None, others: float, threads: int, left: int
) -> None:
    assert threads_beside(Load(others, 8), threads) == left


def test_where_nobody_tells_all_threads_race(nothing_chosen: None) -> None:
    assert threads_beside(None, 8) == 8


def test_who_chose_the_number_of_threads_has_them(
    nothing_chosen: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "2")
    assert threads_beside(Load(1.0, 2), 2) == 2


@needs_proc
def test_what_others_compute_is_seen_and_what_we_compute_is_not_theirs() -> None:
    sharing = Sharing()
    assert sharing.load() is None, "in no time at all nothing can be told"
    burning = subprocess.Popen([sys.executable, "-c", BURN])  # ours, as this process began it
    try:
        time.sleep(1.0)
        alone = subprocess.run(
            [sys.executable, "-c", BUSY_ITSELF],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=True,
        )
        ours = sharing.load()
    finally:
        burning.kill()
        burning.wait()
    # To the one that was started beside it, it is a stranger.
    assert float(alone.stdout) > 0.3
    assert ours is not None
    assert ours.cpus == len(os.sched_getaffinity(0))
    assert ours.others < float(alone.stdout) + ours.cpus - 1.0


@needs_proc
@pytest.mark.skipif(len(os.sched_getaffinity(0)) < 2, reason="one CPU, one thread")
def test_beside_a_busy_loop_fewer_threads_race_and_that_is_told(
    nothing_chosen: None, tmp_path: Path
) -> None:
    pytest.importorskip("torch")
    plan = BenchPlan((Method.BACK_TO_BACK,), warmup=1, calls=2, rounds=1, budget_s=9, starts=(2,))
    request = a_request(Provider("sdpa"), misbehaving("writes_down_threads"), bench=plan)
    burning = [subprocess.Popen([sys.executable, "-c", BURN]) for _ in range(2)]
    try:
        done = run_payload(request, tmp_path)
    finally:
        for one in burning:
            one.kill()
            one.wait()
    assert done.exit_status == 0, done.log
    checked, *_, timed = map(int, (tmp_path / "calls.txt").read_text().split())
    assert timed < checked
    assert done.result.machine is not None
    assert done.result.machine.torch_threads == timed
    (cut,) = [one for one in done.result.cuts if "threads" in one.what]
    assert (cut.stage, cut.what) == (Stage.BENCH, f"{timed} of {checked} threads of torch")
    assert "others keep" in cut.why
    assert done.bench("sdpa", TINY)[0].samples_us
