"""What is timed, and that nothing wrong ever is."""

from __future__ import annotations

import math
from typing import Any

import pytest

torch = pytest.importorskip("torch")

from remote_payload.contract.records import CeilingRecord  # noqa: E402
from remote_payload.contract.words import Status  # noqa: E402
from remote_payload.machine.clock import Burst, CpuClock  # noqa: E402
from remote_payload.stages.ceilings import ceiling_timing  # noqa: E402
from remote_payload.stages.ceilings.ceiling_timing import ROW_ERROR, Trial, Unsupported  # noqa: E402
from remote_payload.stages.ceilings.ceilings import Task  # noqa: E402

SIZE = 1024
CPU = Task("cpu", 42, SIZE, 0.01)


def product(dtype: Any) -> tuple[Any, Any, Any]:
    generator = torch.Generator().manual_seed(1)
    a, b = (torch.randn(SIZE, SIZE, generator=generator).to(dtype) for _ in range(2))
    return a, b, (a.float() @ b.float()).to(dtype)


@pytest.mark.parametrize("kind", ["fp16", "bf16", "fp32"])
def test_a_right_product_passes_with_room_for_its_rounding(kind: str) -> None:
    dtype = {"fp16": torch.float16, "bf16": torch.bfloat16, "fp32": torch.float32}[kind]
    a, b, c = product(dtype)
    assert ceiling_timing._wrong_rows(c, a, b, ROW_ERROR[kind]) == ""
    assert ceiling_timing._wrong_rows(c, a, b, ROW_ERROR[kind] / 16) != ""


@pytest.mark.parametrize("row", [0, 64, SIZE - 1])
def test_one_lost_product_of_a_row_is_a_wrong_result(row: int) -> None:
    a, b, c = product(torch.float16)
    lost = c.clone()
    lost[row] -= a[row, 7] * b[7]
    assert "a row is off by" in ceiling_timing._wrong_rows(lost, a, b, ROW_ERROR["fp16"])


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_a_nan_or_an_infinity_is_a_wrong_result(value: float) -> None:
    a, b, c = product(torch.float32)
    c[64, 5] = value
    assert ceiling_timing._wrong_rows(c, a, b, ROW_ERROR["fp32"]) != ""


class CountingClock(CpuClock):
    """A clock that says how often it was asked."""

    def __init__(self) -> None:
        super().__init__()
        self.asked = 0

    def burst(self, call: Any, warmup: int, calls: int) -> Burst:
        self.asked += 1
        return super().burst(call, warmup, calls)


def measured(monkeypatch: pytest.MonkeyPatch, trial: Trial, clock: CpuClock) -> CeilingRecord:
    monkeypatch.setitem(ceiling_timing._TRIALS, "given", lambda task: trial)
    return list(ceiling_timing._measure("given", CPU, clock))[-1]


def test_nothing_is_timed_before_its_result_was_found_right(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock = CountingClock()
    trial = Trial("a stub", "flop", 1.0, lambda: 3, lambda out: f"it is {out}")
    record = measured(monkeypatch, trial, clock)
    assert (record.status, record.reason) == (Status.FAILED, "its result is wrong: it is 3")
    assert clock.asked == 0
    assert record.samples_us == ()


def test_a_result_that_goes_wrong_while_timed_is_no_success(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    verdicts = iter(["", "stale"])
    trial = Trial("a stub", "flop", 1.0, lambda: 3, lambda out: next(verdicts))
    record = measured(monkeypatch, trial, CpuClock())
    assert record.status is Status.FAILED
    assert record.reason == "the result of the last timed call is wrong: stale"


def test_samples_are_never_too_few_for_an_interval_and_each_lasts(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    trial = Trial("a stub", "flop", 1.0, lambda: 3, lambda out: "")
    record = measured(monkeypatch, trial, CpuClock())
    assert record.status is Status.OK
    assert len(record.samples_us) >= ceiling_timing.FEWEST_ROUNDS
    assert 1000 <= record.calls <= ceiling_timing.MOST_CALLS


@pytest.mark.parametrize("capability", [None, (8, 0), (8, 6)])
def test_a_gpu_without_fp8_is_told_apart_from_a_failure(
    capability: tuple[int, int] | None,
) -> None:
    with pytest.raises(Unsupported, match="no FP8"):
        ceiling_timing._gemm_fp8(Task("cuda", 42, 64, 1.0, capability))


def test_an_older_torch_without_scaled_mm_is_told_apart_from_a_failure(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delattr(torch, "_scaled_mm")
    with pytest.raises(Unsupported, match=r"has no torch\._scaled_mm"):
        ceiling_timing._gemm_fp8(Task("cuda", 42, 64, 1.0, (9, 0)))


def test_the_fp8_product_is_called_as_torch_wants_it_and_is_right() -> None:
    # torch's CPU has the operator too, slowly: enough to see that call and check fit together.
    trial = ceiling_timing._gemm_fp8(Task("cpu", 42, 128, 1.0, (9, 0)))
    try:
        out = trial.call()
    except (RuntimeError, NotImplementedError) as exc:
        pytest.skip(f"no _scaled_mm on this CPU: {exc}")
    assert trial.wrong(out) == ""
    out[64] = 0
    assert trial.wrong(out) != ""
