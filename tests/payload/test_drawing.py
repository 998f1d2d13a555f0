"""What goes in: by seed, case and name, the same for every process of a run."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

pytest.importorskip("torch")

import torch

from remote_payload.contract.case import Case
from remote_payload.contract.dtypes import DType
from remote_payload.operators import drawing
from remote_payload.operators.attention.definition import OPERATOR, attention_case
from remote_payload.operators.base import Input
from remote_payload.operators.problem import raw

CASE = attention_case(batch=2, heads=3, seq=37, dim=8, dtype=DType.FP32)


def drawn(case: Case, seed: int) -> tuple[torch.Tensor, ...]:
    return drawing.make(OPERATOR.inputs(case), case, seed)


def given(case: Case, folder: Path) -> tuple[torch.Tensor, ...]:
    return drawing.given(OPERATOR.inputs(case), case, 42, str(folder))


def test_inputs_depend_on_seed_case_and_name_and_on_nothing_else() -> None:
    q, k, v = drawn(CASE, 42)
    again = drawn(CASE, 42)
    assert all(torch.equal(a, b) for a, b in zip((q, k, v), again, strict=True))
    assert not torch.equal(q, k)
    assert not torch.equal(k, v)
    assert not torch.equal(q, drawn(CASE, 43)[0])
    other = drawn(attention_case(2, 3, 37, 8, DType.FP32, causal=True), 42)[0]
    assert not torch.equal(q, other)


@pytest.mark.parametrize("dtype", [one for one in DType if one.rounds])
def test_inputs_of_a_run_are_drawn_once_and_nobody_can_change_them_for_others(
    tmp_path: Path, dtype: DType
) -> None:
    case = replace(CASE, dtype=dtype)
    first = given(case, tmp_path / "inputs")
    kept = sorted((tmp_path / "inputs").iterdir())
    assert len(kept) == 3
    for _ in range(2):
        again = given(case, tmp_path / "inputs")
        for mine, other, truth in zip(first, again, drawn(case, 42), strict=True):
            assert torch.equal(raw(mine), raw(other))
            assert torch.equal(raw(mine), raw(truth))
            other.zero_()
    assert sorted((tmp_path / "inputs").iterdir()) == kept


def test_where_inputs_cannot_be_kept_they_are_drawn_all_the_same(tmp_path: Path) -> None:
    (tmp_path / "inputs").write_text("in the way")
    kept = given(CASE, tmp_path / "inputs")
    for mine, truth in zip(kept, drawn(CASE, 42), strict=True):
        assert torch.equal(mine, truth)


@pytest.mark.parametrize("dtype", [one for one in DType if one.rounds])
def test_inputs_have_the_shape_and_type_asked_for_and_are_standard_normal(dtype: DType) -> None:
    q, _, _ = drawn(replace(attention_case(2, 4, 64, 32, DType.FP32), dtype=dtype), 7)
    assert (q.shape, q.dtype) == ((2, 4, 64, 32), drawing.torch_dtype(dtype))
    assert abs(float(q.float().mean())) < 0.05
    assert float(q.float().std()) == pytest.approx(1, abs=0.05)


def test_an_input_may_be_uniform_scaled_and_of_a_type_of_its_own() -> None:
    weights = Input("w", (64, 64), "uniform", scale=3.0, dtype=DType.FP64)
    (made,) = drawing.make((weights,), CASE, seed=1)
    assert (made.shape, made.dtype) == ((64, 64), torch.float64)
    assert 0 <= float(made.min()) < 0.1
    assert 2.9 < float(made.max()) < 3
    assert float(made.mean()) == pytest.approx(1.5, abs=0.1)
