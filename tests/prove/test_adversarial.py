"""The adversarial cases: what they ask, that they can be failed, and that our kernel passes them."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from remote_payload.operators.attention import adversarial, reference
from remote_payload.operators.attention.adversarial import Challenge, Criterion, Tensors
from remote_payload.stages.prove.prove import Refuted, Skipped
from remote_payload.stages.prove.prove_adversarial import adversarial as prove_adversarial
from tests.kernels.emulated import EmulatedLibrary
from tests.prove.places import ON_CPU, place

FEW, ALL = adversarial.cases(thorough=False), adversarial.cases(thorough=True)
IDS = [case.name for case in FEW]
SHARP = [case for case in FEW if case.criterion is Criterion.AS_EXACT]


def exact(case: Challenge, qkv: Tensors) -> torch.Tensor:
    """The rounded truth."""
    scale = adversarial.scale_of(case, qkv[0])
    return reference.attention(*qkv, case.causal, scale).to(qkv[0].dtype)


@pytest.mark.parametrize("case", FEW, ids=IDS)
def test_the_rounded_truth_is_right_and_a_wrong_row_is_named(case: Challenge) -> None:
    qkv = case.make()
    out = exact(case, qkv)
    assert adversarial.judge(case, qkv, out) == ""
    head, row = out.shape[1] - 1, out.shape[2] - 1
    out[0, head, row] += 0.5 + float(qkv[2][qkv[2].isfinite()].abs().max())
    wrong = adversarial.judge(case, qkv, out)
    if out[0, head, row].isfinite().any():
        assert f"worst at [0, {head}, {row}" in wrong


@pytest.mark.parametrize("case", SHARP, ids=[case.name for case in SHARP])
def test_exact_exponentials_in_tiles_are_within_what_they_define(case: Challenge) -> None:
    q, k, v = case.make()
    out = adversarial.tiled(q, k, v, case.causal, adversarial.scale_of(case, q))
    assert adversarial.judge(case, (q, k, v), out) == ""


def no_rescale(case: Challenge, qkv: Tensors) -> torch.Tensor:
    """Softmax relative to the first block's maximum, in FP16, with no way back: overflows."""
    q, k, v = (tensor.float() for tensor in qkv)
    scores = adversarial.scale_of(case, q) * (q @ k.transpose(-1, -2))
    first = scores[..., : adversarial.FIRST_BLOCK].amax(-1, keepdim=True)
    weights = torch.exp(scores - first).half().float()
    return ((weights @ v) / weights.sum(-1, keepdim=True)).to(qkv[0].dtype)


def no_mask(case: Challenge, qkv: Tensors) -> torch.Tensor:
    return exact(replace(case, causal=False), qkv)


def last_key_lost(case: Challenge, qkv: Tensors) -> torch.Tensor:
    q, k, v = qkv
    k = k.clone()
    k[:, :, -1] = 0
    v = v.clone()
    v[:, :, -1] = 0
    return exact(case, (q, k, v))


def nan_swallowed(case: Challenge, qkv: Tensors) -> torch.Tensor:
    return exact(case, qkv).nan_to_num()


@pytest.mark.parametrize(
    ("flaw", "name"),
    [
        (no_rescale, "late maximum, fp16 D=64"),
        (no_mask, "N(0,1) S=63 fp16 D=64 causal"),
        (last_key_lost, "one huge key at 6 columns, fp16 D=64"),
        (nan_swallowed, "nan in v"),
    ],
)
def test_a_flaw_that_random_inputs_may_forgive_is_found(
    flaw: Callable[[Challenge, Tensors], torch.Tensor], name: str
) -> None:
    case = next(case for case in FEW if case.name == name)
    qkv = case.make()
    assert adversarial.judge(case, qkv, exact(case, qkv)) == ""
    assert adversarial.judge(case, qkv, flaw(case, qkv))


def test_a_gpu_is_asked_for_all_that_the_issue_names() -> None:
    names = [case.name for case in ALL]
    assert len(names) == len(set(names))
    for dim in adversarial.DIMS:
        for dtype in ("fp16", "bf16"):
            for mask in ("", " causal"):
                assert f"N(0,1) S=1100 {dtype} D={dim}{mask}" in names
                assert f"one huge key at 69 columns, {dtype} D={dim}{mask}" in names
            assert f"strided views, {dtype} D={dim}" in names
    for value in ("nan", "inf", "-inf"):
        assert {f"{value} in {name}" for name in "qkv"} <= set(names)
    _, k, _ = next(case for case in ALL if case.name.startswith("one huge key")).make()
    hot = {int(column) for column in (k[0, :, :, 0] == adversarial.HUGE).nonzero()[:, 1]}
    assert {column % 64 for column in hot} == set(range(64))
    assert "all times 10, bf16 D=64 causal" in names
    assert "65537 heads of one row" in names
    assert f"late maxima of {len(adversarial.LATE_ROWS)} rows, bf16 D=64 causal" in names


def test_strided_views_all_have_strides_of_their_own() -> None:
    values = torch.arange(2 * 3 * 4 * 64, dtype=torch.float16).view(2, 3, 4, 64)
    views = [adversarial.strided(values, which) for which in range(len(adversarial.LAYOUTS))]
    for axis in range(3):
        assert len({view.stride()[axis] for view in views}) == len(views)
    for view in views:
        assert torch.equal(view, values)
        assert view._base.isnan().sum() == view._base.numel() - values.numel()


def test_a_strided_view_has_nan_on_both_sides_of_every_row() -> None:
    values = torch.arange(2 * 3 * 4 * 64, dtype=torch.float16).view(2, 3, 4, 64)
    view = adversarial.strided(values, 0)
    assert torch.equal(view, values)
    assert not view.is_contiguous()
    whole = torch.as_strided(view, (2, 4, 3, 80), (4 * 3 * 80, 3 * 80, 80, 1), storage_offset=0)
    assert whole[..., :8].isnan().all()
    assert whole[..., 72:].isnan().all()


@pytest.mark.timeout(300)  # the first to ask for the library waits for its compilation
def test_our_kernel_passes_in_the_emulator(tmp_path: Path, emulated: EmulatedLibrary) -> None:
    where = place(tmp_path, replace(ON_CPU, library=str(emulated.path)), limit_s=100.0)
    told = prove_adversarial(where)
    assert told.startswith(f"{len(FEW)} cases right, with hopper_bf16_d128, ")
    assert told.endswith("hopper_fp16_d64_causal, emulated")
    lines = (where.home / "cases.txt").read_text().splitlines()
    assert lines == [f"right  {case.name}" for case in FEW]


def test_without_a_library_it_is_skipped_and_a_broken_one_is_refuted(tmp_path: Path) -> None:
    with pytest.raises(Skipped, match="the build stage was not asked for"):
        prove_adversarial(place(tmp_path))
    (tmp_path / "broken.so").write_text("no library")
    broken = replace(ON_CPU, library=str(tmp_path / "broken.so"))
    with pytest.raises(Refuted, match=r"the process ended with status 1: OSError.*broken.so"):
        prove_adversarial(place(tmp_path, broken))


def test_not_a_number_is_no_answer_where_the_truth_is_a_number() -> None:
    qkv = adversarial.normal(1, 1, 8, 64)
    out = torch.full_like(qkv[0], math.nan)
    assert "512 of 512 elements" in adversarial.judge(Challenge("NaN", lambda: qkv), qkv, out)
