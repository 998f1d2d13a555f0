"""What is timed, and that nothing wrong ever is."""

from __future__ import annotations

import contextlib
import gc
import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

torch = pytest.importorskip("torch")

from remote_payload.contract.case import Case  # noqa: E402
from remote_payload.contract.dtypes import DType  # noqa: E402
from remote_payload.contract.facts import UNKNOWN  # noqa: E402
from remote_payload.contract.records import CeilingRecord  # noqa: E402
from remote_payload.contract.words import Status  # noqa: E402
from remote_payload.machine.clock import Burst, CpuClock  # noqa: E402
from remote_payload.operators.copy import definition as copy  # noqa: E402
from remote_payload.operators.exp import definition as exp  # noqa: E402
from remote_payload.operators.gemm import definition as gemm  # noqa: E402
from remote_payload.operators.loaded import CannotRun, Loaded  # noqa: E402
from remote_payload.operators.setting import Setting  # noqa: E402
from remote_payload.operators.user.described import Described  # noqa: E402
from remote_payload.stages.ceilings import ceiling_timing, table  # noqa: E402
from remote_payload.stages.ceilings.ceilings import Task  # noqa: E402
from remote_payload.stages.ceilings.table import Ceiling  # noqa: E402
from tests.payload.running import ROOT  # noqa: E402

Call = Callable[..., Any]
CPU = Task(Setting("cpu", str(ROOT), 42), 128, 0.01)
GEMM = Ceiling(gemm.square(96, DType.FP16), "torch", "a product", "flop")
COPY = Ceiling(copy.OPERATOR.case({"N": 5000}, DType.FP32), "torch", "a copy", "byte")


def chains(steps: int) -> Case:
    return exp.OPERATOR.case({"N": 64, "steps": steps}, DType.FP32)


EXP = Ceiling(chains(2048), "ex2", "chains", "exp", (chains(4), chains(8)))


class CountingClock(CpuClock):
    """A clock that says how often it was asked."""

    def __init__(self) -> None:
        super().__init__()
        self.asked = 0

    def burst(self, call: Any, warmup: int, calls: int) -> Burst:
        self.asked += 1
        return super().burst(call, warmup, calls)


def measured(
    monkeypatch: pytest.MonkeyPatch, ceiling: Ceiling, call: Call, clock: CpuClock | None = None
) -> CeilingRecord:
    """The last record of a ceiling whose provider is `call`."""
    planted = Loaded(call, contextlib.nullcontext, lambda *_, **__: "planted")
    monkeypatch.setattr(ceiling_timing, "load", lambda provider, setting: planted)
    return list(ceiling_timing.measure("given", ceiling, CPU, clock or CpuClock()))[-1]


def product(a: Any, b: Any) -> Any:
    return (a.float() @ b.float()).to(a.dtype)


def spoilt(row: int, value: float) -> Call:
    def call(a: Any, b: Any) -> Any:
        c = product(a, b)
        c[row, 5] = value
        return c

    return call


def without_a_product(row: int) -> Call:
    def call(a: Any, b: Any) -> Any:
        c, lost = product(a, b), int(a[row].abs().argmax())
        c[row] -= a[row, lost] * b[lost]
        return c

    return call


def changes_its_input(a: Any, b: Any) -> Any:
    c = product(a, b)
    a[3, 3] += 1
    return c


WRONG_PRODUCTS = {
    **{f"lost in row {row}": without_a_product(row) for row in (0, 1, 63, 64, 95)},
    **{f"{value}": spoilt(64, value) for value in (math.nan, math.inf)},
    "transposed": lambda a, b: product(a, b.t()),
    "never written": lambda a, b: torch.empty_like(a),
    "in another type": lambda a, b: product(a, b).float(),
    "of another form": lambda a, b: product(a, b)[:-1],
    "nothing": lambda a, b: None,
    "beside a changed input": changes_its_input,
}


@pytest.mark.parametrize("name", WRONG_PRODUCTS)
def test_nothing_is_timed_before_its_product_was_found_right(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = CountingClock()
    record = measured(monkeypatch, GEMM, WRONG_PRODUCTS[name], clock)
    assert record.status is Status.FAILED
    assert record.reason.startswith("its result is wrong: ")
    assert clock.asked == 0
    assert record.samples_us == ()


def off_by_a_bit(x: Any) -> Any:
    y = x.clone()
    y[4999:].view(torch.int32).bitwise_xor_(1)
    return y


def ends_early(x: Any) -> Any:
    y = torch.empty_like(x)
    y[:4096] = x[:4096]
    return y


WRONG_COPIES = {
    "off by a bit": off_by_a_bit,
    "ends early": ends_early,
    "a sign lost": lambda x: x.abs(),
    "moved on by one": lambda x: x.roll(1),
}


@pytest.mark.parametrize("name", WRONG_COPIES)
def test_a_copy_is_wrong_that_differs_anywhere(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    record = measured(monkeypatch, COPY, WRONG_COPIES[name])
    assert record.status is Status.FAILED
    assert "outside the tolerance" in record.reason


def as_often(x: Any, steps: int) -> Any:
    for _ in range(min(steps, 100)):
        x = torch.exp2(-x)
    return x


def test_chains_are_right_if_the_short_ones_are_right_too(monkeypatch: pytest.MonkeyPatch) -> None:
    record = measured(monkeypatch, EXP, as_often)
    assert record.status is Status.OK, record.reason
    assert (record.case, record.work_per_call) == (chains(2048), 64 * 2048)


@pytest.mark.parametrize(
    "call",
    [
        lambda x, steps: torch.full_like(x, 0.6411857445),
        lambda x, steps: as_often(x, steps - 1),
        lambda x, steps: as_often(x, min(steps, 7)),
    ],
)
def test_chains_that_know_where_all_of_them_end_are_not_timed(
    call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = CountingClock()
    record = measured(monkeypatch, EXP, call, clock)
    assert record.status is Status.FAILED
    assert record.reason.startswith("its result is wrong on N=64 steps=")
    assert clock.asked == 0


def test_a_result_that_goes_wrong_while_timed_is_no_success(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    called = 0

    def tires(a: Any, b: Any) -> Any:
        nonlocal called
        called += 1
        return product(a, b) if called == 1 else torch.zeros_like(a)

    record = measured(monkeypatch, GEMM, tires)
    assert record.status is Status.FAILED
    assert record.reason.startswith("the result of the last timed call is wrong: ")


def test_a_result_that_is_only_rounded_otherwise_while_timed_is_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    called = 0

    def another_order(a: Any, b: Any) -> Any:
        nonlocal called
        called += 1
        if called == 1:
            return product(a, b)
        return product(a.flip(1), b.flip(0))

    assert measured(monkeypatch, GEMM, another_order).status is Status.OK


def test_samples_are_never_too_few_for_an_interval_and_each_lasts(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    kept = torch.empty(5000)
    record = measured(monkeypatch, COPY, kept.copy_)
    assert record.status is Status.OK, record.reason
    assert len(record.samples_us) >= ceiling_timing.FEWEST_ROUNDS
    assert 100 <= record.calls <= ceiling_timing.MOST_CALLS
    assert (record.case, record.provider) == (COPY.case, "torch")


@pytest.mark.parametrize(
    ("name", "work"), [("gemm-fp32", 2 * 128**3), ("gemm-bf16", 2 * 128**3), ("copy", 2 << 28)]
)
def test_work_of_a_ceiling_is_its_operators(name: str, work: int) -> None:
    assert table.of(name, CPU).work_per_call == work


def test_the_fp8_product_is_called_as_torch_wants_it_and_is_right() -> None:
    # torch's CPU has the operator too, slowly: enough to see that call and check fit together.
    ceiling = table.of("gemm-fp8", CPU)
    try:
        record = list(ceiling_timing.measure("gemm-fp8", ceiling, CPU, CpuClock()))[-1]
    except (CannotRun, RuntimeError, NotImplementedError) as exc:
        pytest.skip(f"no _scaled_mm on this CPU: {exc}")
    assert record.status is Status.OK, record.reason
    assert "FP8 e4m3 with BF16 output" in record.what


class Told:
    """A worker's end of a pipe: one name to read, and what was sent."""

    def __init__(self, name: str) -> None:
        self._names = [name]
        self.sent: list[tuple[CeilingRecord, bool]] = []

    def recv(self) -> str:
        if not self._names:
            raise EOFError
        return self._names.pop()

    def send(self, message: tuple[CeilingRecord, bool]) -> None:
        self.sent.append(message)


@pytest.mark.parametrize(
    ("raised", "status", "reason"),
    [
        (CannotRun("the GPU has no FP8"), Status.SKIPPED, "the GPU has no FP8"),
        (ValueError("no such\nthing"), Status.FAILED, "raised ValueError: no such"),
    ],
)
def test_what_cannot_be_had_is_skipped_and_what_goes_wrong_has_failed(
    raised: Exception, status: Status, reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def load(provider: Any, setting: Setting) -> Loaded:
        # A ceiling is not of the operator that the run is about.
        assert (setting.operator, setting.operator_target, setting.own) == ("gemm", "", None)
        raise raised

    monkeypatch.setattr(ceiling_timing, "load", load)
    told = Told("gemm-fp8")
    own = Described(UNKNOWN, (), (), (), ())
    run = replace(CPU.setting, operator="mine", operator_target="mine.py:", own=own)
    try:
        ceiling_timing.serve(told, replace(CPU, setting=run))
    finally:
        gc.enable()
    ((record, last),) = told.sent
    assert (record.name, record.status, record.reason, last) == ("gemm-fp8", status, reason, True)
