"""Attention with grouped heads, other numbers of keys, one query and a window: truth and providers."""

from __future__ import annotations

import pytest

pytest.importorskip("torch")

import torch

from remote_payload.contract.case import Case
from remote_payload.contract.dtypes import DType
from remote_payload.contract.request import Provider
from remote_payload.contract.words import Status
from remote_payload.operators.attention import reference, tensors
from remote_payload.operators.attention.definition import OPERATOR, attention_case, scalars
from remote_payload.operators.base import BadCase
from remote_payload.operators.problem import Problem, WrongForm
from remote_payload.operators.setting import Setting
from remote_payload.providers.loading import load
from remote_payload.stages.check import check_case
from tests.operators.attention_cases import CASES, drawn, of_type, plain
from tests.payload.running import ROOT

CPU = Setting(device="cpu", root=str(ROOT), seed=42)
# Half of the last place of numbers that are less than 4, twice: of the output, and on the way.
ROUNDING = {DType.FP32: 1e-5, DType.BF16: 2.0**-6, DType.FP16: 2.0**-9}
every_case = pytest.mark.parametrize("case", CASES.values(), ids=CASES)


@every_case
@pytest.mark.parametrize("dtype", OPERATOR.dtypes)
@pytest.mark.parametrize("scores_bytes", [8, 200, 1 << 28])
def test_the_reference_is_the_formula_in_whole_blocks_one_after_the_other(
    case: Case, dtype: DType, scores_bytes: int
) -> None:
    case = of_type(case, dtype)
    inputs = drawn(case)
    blocks = list(reference.blocks(*inputs, **{**scalars(case), "scores_bytes": scores_bytes}))
    ends = [block.start + block.want.numel() for block in blocks]
    assert [block.start for block in blocks] == [0, *ends[:-1]]
    whole = torch.cat([block.want.flatten() for block in blocks]).view(inputs[0].shape)
    assert whole.dtype == torch.float64
    assert torch.allclose(whole, plain(case, *inputs), rtol=0, atol=1e-12)


@every_case
@pytest.mark.parametrize("dtype", OPERATOR.dtypes)
@pytest.mark.parametrize("name", ["sdpa", "sdpa-math"])
def test_torchs_attention_is_asked_for_what_the_case_says(
    case: Case, dtype: DType, name: str
) -> None:
    case = of_type(case, dtype)
    inputs = drawn(case)
    loaded = load(Provider(name), CPU)
    problem = Problem(OPERATOR, case, CPU)
    assert problem.implementation(loaded, inputs).startswith("torch ")
    with loaded.within():
        (out,) = problem.outputs(problem.bind(loaded, inputs)())
    wanted = plain(case, *inputs)
    assert torch.allclose(out.double(), wanted, rtol=0, atol=ROUNDING[dtype])


@every_case
def test_a_check_passes_torchs_attention_on_every_case(case: Case) -> None:
    record = check_case.check(Provider("sdpa"), case, CPU)
    assert (record.status, record.reason) == (Status.OK, "")
    assert record.error is not None
    assert record.error.elements == drawn(case)[0].numel()


@every_case
def test_other_inputs_have_the_same_answer_moved_and_turned(case: Case) -> None:
    inputs = drawn(case)
    turned, back = tensors.others(case, *inputs)
    for one, other in zip(inputs, turned, strict=True):
        assert one.shape == other.shape
        assert not torch.equal(one, other)
    scale = tensors.other_scalars(case)["scale"]
    assert scale != scalars(case)["scale"]
    (again,) = back((plain(case, *turned, scale=scale),))
    assert torch.allclose(again, plain(case, *inputs), rtol=0, atol=1e-12)


@pytest.mark.parametrize(
    ("flaw", "name"),
    [
        ({"kv_heads": 1}, "grouped heads"),
        ({"window": 0}, "window"),
        ({"window": 4}, "window"),
        ({"causal": False}, "causal"),
    ],
)
def test_who_overlooks_an_axis_is_measured_as_wrong(flaw: dict[str, int], name: str) -> None:
    """What it computes instead: the first head of keys for all, another window, no mask."""
    case = CASES[name]
    q, k, v = drawn(case)
    if "kv_heads" in flaw:
        shared = case.size("H") // case.size("Hkv")
        k, v = (tensor[:, :1].repeat(1, case.size("H") // shared, 1, 1) for tensor in (k, v))
    else:
        case = (
            case.at("W", flaw["window"])
            if "window" in flaw
            else attention_case(2, 3, 5, 4, DType.FP32)
        )
    out = plain(case, q, k, v).float()
    problem = Problem(OPERATOR, CASES[name], CPU)
    error = problem.measure((out,), drawn(CASES[name]))
    assert error.mismatches > error.elements // 10
    assert problem.describe(error)


def test_an_output_has_the_form_of_the_queries_not_of_the_keys() -> None:
    problem = Problem(OPERATOR, CASES["decode"], CPU)
    with pytest.raises(WrongForm, match=r"returned shape \[2, 2, 9, 8\], expected \[2, 4, 1, 8\]"):
        problem.outputs(torch.zeros(2, 2, 9, 8))


def test_an_axis_that_says_what_goes_without_saying_is_left_out() -> None:
    usual = attention_case(1, 8, 64, 64, DType.FP16)
    assert attention_case(1, 8, 64, 64, DType.FP16, False, 8, 64, 0) == usual
    grouped = attention_case(1, 8, 1, 64, DType.BF16, True, kv_heads=2, kv_seq=512, window=128)
    assert grouped.label == "B=1 H=8 Hkv=2 S=1 Skv=512 D=64 W=128 bf16 causal"


@pytest.mark.parametrize(
    ("axes", "problem"),
    [
        ({"kv_heads": 3}, "kv_heads: 3 does not divide 8 heads"),
        ({"kv_seq": 32, "causal": True}, "kv_seq: with a causal mask a query would see no key"),
        ({"window": 16}, "window: it goes with causal"),
        ({"window": -1, "causal": True}, "window: expected 0 or more, got -1"),
        ({"dim": 512}, "dim: expected 256 at most, got 512"),
    ],
)
def test_what_no_attention_can_be_is_refused_by_its_axis(
    axes: dict[str, int], problem: str
) -> None:
    given = {"batch": 1, "heads": 8, "seq": 64, "dim": 64, "dtype": DType.FP16, **axes}
    with pytest.raises(BadCase) as caught:
        attention_case(**given)  # type: ignore[arg-type]
    assert str(caught.value) == problem
