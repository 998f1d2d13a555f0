"""The truth of each operator, what is drawn for it, and what its tolerance lets through."""

from __future__ import annotations

import itertools
import math
from typing import Any

import pytest

from remote_payload.contract.case import Case
from remote_payload.contract.dtypes import DType
from remote_payload.operators import drawing, registry
from remote_payload.operators.base import Input
from remote_payload.operators.judging import measure_error

torch = pytest.importorskip("torch")
from remote_payload.operators.row_blocks import blocks_of_rows  # noqa: E402
from tests.operators.trying import checked, half, perfect  # noqa: E402

DTYPES = (DType.FP16, DType.BF16, DType.FP32)
GRID: dict[str, dict[str, tuple[Any, ...]]] = {
    "rmsnorm": {"T": (1, 4), "D": (1, 7, 1000)},
    "add_rmsnorm": {"T": (1, 4), "D": (1, 7, 1000)},
    "softmax": {"M": (1, 4), "N": (1, 7, 3000)},
    "gemm_bias": {"M": (1, 9), "N": (5,), "K": (1, 700), "activation": ("relu", "gelu", "silu")},
}
CASES = [case for name, axes in GRID.items() for case in registry.find(name).sweep(axes, DTYPES)]


def wrong(case: Case, inputs: Any, outputs: Any) -> str:
    """What the tolerance does not let through; empty if it lets all through."""
    truth = half(case.operator).reference(case, *inputs)
    allowed = registry.find(case.operator).tolerance(case)
    return measure_error.describe(measure_error.measure(outputs, truth, allowed))


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.operator} {case.label}")
def test_the_truth_rounded_once_passes_and_so_does_torch(case: Case) -> None:
    inputs, outputs = perfect(case)
    assert wrong(case, inputs, outputs) == ""
    assert checked("torch", case).reason == ""


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", GRID)
def test_an_error_of_one_percent_of_the_outputs_spread_does_not_pass(
    name: str, dtype: DType
) -> None:
    axes = {symbol: values[-1:] for symbol, values in GRID[name].items()}
    (case,) = registry.find(name).sweep(axes, (dtype,))
    for output in range(len(registry.find(name).outputs(case))):

        def shifted(want: Any, number: int, output: int = output) -> Any:
            spread = want.std(-1, keepdim=True)
            return want + 0.01 * spread if number == output else want

        inputs, outputs = perfect(case, shifted)
        assert wrong(case, inputs, outputs)


def test_rows_are_drawn_with_their_scales_in_turn() -> None:
    case = registry.find("rmsnorm").case({"T": 7, "D": 4096}, DType.FP32)
    plain, scaled = (
        drawing.make((Input("x", (7, 4096), row_scales=scales),), case, 3)[0]
        for scales in ((), (1e-3, 1.0, 64.0))
    )
    factors = torch.tensor([1e-3, 1.0, 64.0, 1e-3, 1.0, 64.0, 1e-3])
    assert torch.equal(scaled, plain * factors[:, None])
    x, weight = drawing.make(registry.find("rmsnorm").inputs(case), case, 3)
    root = x.square().mean(-1).sqrt()
    assert 0.9e-3 < float(root[0]) < 1.1e-3, "of the size of sqrt(eps)"
    assert 60 < float(root[2]) < 68, "squares that fp16 cannot sum"
    assert float(weight.min()) >= 0
    assert 1.9 < float(weight.max()) < 2


def test_a_row_of_softmax_is_drawn_whose_exponentials_fp32_cannot_hold() -> None:
    case = registry.find("softmax").case({"M": 1, "N": 64}, DType.FP16)
    (x,) = drawing.make(registry.find("softmax").inputs(case), case, 42)
    assert bool(x.float().exp().isinf().any())


def test_blocks_hold_as_many_rows_as_fit_and_come_in_order() -> None:
    x = torch.arange(70.0).view(7, 10)
    blocks = list(blocks_of_rows(x, block_bytes=3 * 10 * 8))
    assert [first for first, _ in blocks] == [0, 3, 6]
    assert torch.equal(torch.cat([rows for _, (rows,) in blocks]), x.double())
    assert len(list(blocks_of_rows(x, columns=1000, block_bytes=100))) == 7, "a row at the least"


@pytest.mark.parametrize(
    ("name", "axes"),
    [
        ("rmsnorm", {"T": 1, "D": 5}),
        ("rmsnorm", {"T": 4, "D": 5}),
        ("add_rmsnorm", {"T": 4, "D": 5}),
        ("gemm_bias", {"M": 1, "N": 3, "K": 2, "activation": "silu"}),
        ("gemm_bias", {"M": 4, "N": 3, "K": 2, "activation": "relu"}),
    ],
)
def test_other_inputs_lead_back_to_the_first_outputs_and_every_one_of_them_differs(
    name: str, axes: dict[str, Any]
) -> None:
    case = registry.find(name).case(axes, DType.FP32)
    inputs, outputs = perfect(case)
    others, back = half(name).others(case, *inputs)
    assert all(not torch.equal(a, b) for a, b in itertools.zip_longest(inputs, others))
    truth = half(name).reference(case, *others)
    wants: list[list[Any]] = [[] for _ in outputs]
    for one in truth:
        wants[one.output].append(one.want)
    theirs = tuple(torch.cat(parts).float() for parts in wants)
    assert all(not torch.equal(a, b) for a, b in zip(theirs, outputs, strict=True))
    for again, first in zip(back(theirs), outputs, strict=True):
        assert torch.allclose(again, first, rtol=1e-6, atol=0)


def test_the_truth_is_the_formula_written_out() -> None:
    """By hand, with Python's own floats."""
    case = registry.find("rmsnorm").case({"T": 1, "D": 2}, DType.FP32)
    x, weight = torch.tensor([[3e-3, 4e-3]]), torch.tensor([2.0, 0.5])
    (block,) = half("rmsnorm").reference(case, x, weight)
    root = math.sqrt((9e-6 + 16e-6) / 2 + 1e-6)
    want = [3e-3 / root * 2.0, 4e-3 / root * 0.5]
    assert block.want.flatten().tolist() == pytest.approx(want, rel=1e-6)
    case = registry.find("gemm_bias").case(
        {"M": 1, "N": 1, "K": 2, "activation": "gelu"}, DType.FP32
    )
    given = torch.tensor([[1.0, 2.0]]), torch.tensor([[0.5], [0.25]]), torch.tensor([-2.0])
    (block,) = half("gemm_bias").reference(case, *given)
    assert float(block.want) == pytest.approx(-1.0 * 0.5 * (1 + math.erf(-1 / math.sqrt(2))))
