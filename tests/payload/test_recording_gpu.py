"""CUDA graphs on a real GPU; `pytest -m gpu`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("torch")

import torch
import torch.nn.functional as functional

from remote_payload.contract.dtypes import DType
from remote_payload.contract.plans import BenchPlan
from remote_payload.contract.request import Provider
from remote_payload.contract.words import Device, Method, Status
from remote_payload.machine.clock import CudaClock
from remote_payload.machine.recording import NotRecordable, Recording
from remote_payload.operators.attention.definition import OPERATOR, attention_case
from tests.payload.running import a_request, run_payload

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA GPU"),
]
SHAPE = attention_case(batch=4, heads=8, seq=512, dim=64, dtype=DType.FP16)


def qkv() -> list[Any]:
    sizes = [one.size for one in OPERATOR.inputs(SHAPE)]
    return [torch.randn(size, dtype=torch.float16, device="cuda") for size in sizes]


def test_a_replay_computes_what_a_call_does_with_the_inputs_of_the_moment() -> None:
    q, k, v = qkv()
    recording = Recording(lambda: functional.scaled_dot_product_attention(q, k, v), 3)
    recording.output.fill_(float("nan"))
    recording.replay()
    assert torch.equal(recording.output, functional.scaled_dot_product_attention(q, k, v))
    v.mul_(2)
    recording.replay()
    assert torch.equal(recording.output, functional.scaled_dot_product_attention(q, k, v))


def test_a_replayed_launch_takes_no_longer_than_one_from_the_host() -> None:
    q, k, v = qkv()

    def call() -> Any:
        return functional.scaled_dot_product_attention(q, k, v)

    clock = CudaClock()
    replayed = min(clock.record(call, 50).sample() for _ in range(5))
    launched = min(clock.burst(call, 10, 50).time_us for _ in range(5))
    assert 0 < replayed <= 1.1 * launched


def test_a_call_that_waits_for_the_gpu_cannot_be_recorded_and_spoils_nothing() -> None:
    q, k, v = qkv()

    def waits() -> Any:
        out = functional.scaled_dot_product_attention(q, k, v)
        torch.cuda.synchronize()
        return out

    with pytest.raises(NotRecordable, match="captur"):
        Recording(waits, 2)
    recording = Recording(lambda: functional.scaled_dot_product_attention(q, k, v), 2)
    assert recording.sample() > 0


def test_an_error_of_the_call_itself_is_told_in_its_own_words() -> None:
    calls = []

    def fails_when_recorded() -> Any:
        calls.append(torch.cuda.is_current_stream_capturing())
        if calls[-1]:
            raise ValueError("not while capturing")
        return torch.zeros(1, device="cuda")

    with pytest.raises(NotRecordable, match="ValueError: not while capturing"):
        Recording(fails_when_recorded, 2)


def test_a_run_on_a_gpu_times_by_graph_too(tmp_path: Path) -> None:
    request = a_request(
        Provider("sdpa"),
        Provider("sdpa-math"),
        device=Device.CUDA,
        cases=(SHAPE,),
        bench=BenchPlan(rounds=6),
    )
    done = run_payload(request, tmp_path, gpu=True)
    assert done.exit_status == 0, done.log
    rows = [record for record in done.result.bench if record.method is Method.GRAPH]
    assert [(r.provider, r.control) for r in rows] == [
        ("sdpa", False),
        ("sdpa-math", False),
        ("sdpa", True),
    ]
    for row in rows:
        assert (row.status, row.calls, len(row.samples_us)) == (Status.OK, 100, 6)
