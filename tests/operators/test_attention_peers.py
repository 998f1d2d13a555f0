"""The peers on cases beyond q, k and v of one form: asked rightly, or named as unable."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("torch")

import torch

from remote_payload.contract.request import Provider
from remote_payload.operators.attention.definition import OPERATOR
from remote_payload.operators.attention.peers import Dense
from remote_payload.operators.loaded import CannotRun
from remote_payload.operators.problem import Problem
from remote_payload.operators.setting import Setting
from remote_payload.providers.loading import load
from tests.operators.attention_cases import CASES, drawn
from tests.payload import stand_ins
from tests.payload.running import ROOT
from tests.payload.test_peers import MODULES, site

__all__ = ["site"]
CPU = Setting(device="cpu", root=str(ROOT), seed=42)
BEYOND = ("grouped heads", "more keys", "decode", "window")


@pytest.mark.parametrize("name", BEYOND)
def test_flashinfer_says_what_its_adapter_does_not_do(site: Path, name: str) -> None:
    stand_ins.flashinfer(site)
    loaded = load(Provider("flashinfer"), CPU)
    problem = Problem(OPERATOR, CASES[name], CPU)
    with pytest.raises(CannotRun, match="flashinfer takes q, k and v of one form, and no window"):
        problem.implementation(loaded, drawn(CASES[name]))


def test_a_flash_attention_that_knows_no_window_is_not_asked_for_one(site: Path) -> None:
    stand_ins.flash(site, MODULES["fa3"], *stand_ins.FA3[2][1:])
    loaded = load(Provider("fa3"), CPU)
    case = CASES["window"]
    with pytest.raises(CannotRun, match=r"present \(flash-attn-3 0.0.7\), but .* no window_size"):
        Problem(OPERATOR, case, CPU).implementation(loaded, drawn(case))
    without = CASES["causal"]
    name = Problem(OPERATOR, without, CPU).implementation(loaded, drawn(without))
    assert "flash_attn_func" in name


def test_a_window_is_told_as_the_keys_on_each_side_and_heads_stay_grouped() -> None:
    """window_size of flash_attn_func: keys to the left and to the right of a query's own, which
    is at the last key for the last query (flash_attn_interface.py, its docstring)."""
    asked: list[tuple[list[tuple[int, ...]], dict[str, Any]]] = []

    def function(*qkv: torch.Tensor, **options: Any) -> torch.Tensor:
        asked.append(([tuple(tensor.shape) for tensor in qkv], options))
        return qkv[0]

    case = CASES["all at once"]
    inputs = drawn(case)
    out = Dense(function)(*inputs, **OPERATOR.scalars(case))
    ((shapes, options),) = asked
    assert shapes == [(2, 4, 4, 8), (2, 10, 2, 8), (2, 10, 2, 8)]
    assert options == {"softmax_scale": 8**-0.5, "causal": True, "window_size": (2, 0)}
    assert out.shape == inputs[0].shape
