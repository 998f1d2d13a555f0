"""What the host needed to enqueue a burst comes home beside each back-to-back sample."""

from __future__ import annotations

import itertools
import json
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

pytest.importorskip("torch")

import torch

from remote_payload.contract import codec
from remote_payload.contract.plans import BenchPlan
from remote_payload.contract.records import BenchRecord
from remote_payload.contract.words import Method
from remote_payload.machine.clock import Burst, CpuClock, CudaClock
from tests.payload.test_recording import ReplayingClock, raced

PLAN = BenchPlan(tuple(Method), warmup=1, calls=2, rounds=3, starts=(2,))


class EnqueueingClock(ReplayingClock):
    """A CPU clock that claims to have enqueued each burst in 1, 2, 3, ... microseconds a call."""

    def __init__(self) -> None:
        super().__init__()
        self._told = 0

    def burst(self, call: Callable[[], Any], warmup: int, calls: int) -> Burst:
        taken = super().burst(call, warmup, calls)
        if calls != PLAN.calls:
            return taken
        self._told += 1
        return replace(taken, host_us=float(self._told))


def test_each_back_to_back_sample_has_its_host_time_and_no_other_method_has_any() -> None:
    records = raced(EnqueueingClock, PLAN)
    told = [record.host_us for record in records if record.method is Method.BACK_TO_BACK]
    assert told == [(1.0, 2.0, 3.0, 1.0, 2.0, 3.0)] * 3, "three rounds in each of two starts"
    others = {record.host_us for record in records if record.method is not Method.BACK_TO_BACK}
    assert others == {()}


def test_where_the_host_computes_itself_it_has_no_host_time() -> None:
    records = raced(CpuClock, replace(PLAN, methods=(Method.BACK_TO_BACK,)))
    assert all(len(record.samples_us) == 6 and record.host_us == () for record in records)


def test_a_cpus_sample_is_the_median_of_its_calls_and_their_mean_is_kept() -> None:
    """One call of ten is interrupted for as long as all others take."""
    calls = itertools.count()

    def interrupted() -> Any:
        time.sleep(0.1 if next(calls) % 10 == 4 else 0.01)

    burst = CpuClock().burst(interrupted, 0, 10)
    assert burst.mean_us is not None
    assert 10_000 <= burst.time_us < burst.mean_us
    assert burst.mean_us >= 19_000
    assert (burst.host_us, next(calls)) == (None, 10)


def test_each_sample_of_a_record_has_its_mean_where_it_is_a_median() -> None:
    records = raced(CpuClock, replace(PLAN, methods=(Method.BACK_TO_BACK, Method.COLD)))
    for record in records:
        backed = record.method is Method.BACK_TO_BACK
        assert len(record.mean_us) == (len(record.samples_us) if backed else 0)


def test_a_record_from_before_host_times_is_read_as_one_without() -> None:
    record = raced(EnqueueingClock, PLAN)[0]
    assert codec.loads(BenchRecord, codec.dumps(record)) == record
    document = json.loads(codec.dumps(record))
    del document["host_us"]
    assert codec.decode(BenchRecord, document) == replace(record, host_us=())


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA GPU")
def test_the_host_is_ahead_of_long_work_and_sets_the_pace_of_short_work() -> None:
    clock = CudaClock()
    large, small = (torch.ones(size, device="cuda") for size in (1 << 28, 1))
    long, short = clock.burst(lambda: large + 1, 2, 20), clock.burst(lambda: small + 1, 2, 20)
    assert long.host_us is not None
    assert short.host_us is not None
    assert long.host_us < long.time_us / 2
    assert short.host_us > short.time_us / 2
