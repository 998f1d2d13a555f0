"""Kernels that are wrong as people get them wrong are refused; right ones are not."""

from __future__ import annotations

from pathlib import Path

import pytest

from remote_payload.contract.case import Case, Value
from remote_payload.contract.dtypes import DType
from remote_payload.contract.records import CheckRecord
from remote_payload.contract.request import Provider
from remote_payload.contract.words import Stage, Status
from remote_payload.operators import registry
from tests.payload.running import FIXTURES, a_request, run_payload

pytest.importorskip("torch")
from tests.operators.trying import checked

RMSNORM = registry.find("rmsnorm")
# As many rows as columns, so that what goes along the wrong axis has the right form.
NORMS = RMSNORM.sweep({"T": (129,), "D": (129,)}, (DType.FP16, DType.BF16))
RIGHT = ("right", "right_rounded_before_the_weight")
WRONG = (
    "without_eps",
    "eps_beside_the_root",
    "another_eps",
    "without_weight",
    "one_more_than_the_weight",
    "mean_taken_off",
    "mean_instead_of_mean_square",
    "sum_instead_of_mean",
    "over_the_other_axis",
    "summed_in_its_own_dtype",
    "last_column_forgotten",
    "weight_kept_from_the_first_call",
)


def test_the_payload_refuses_every_wrong_rmsnorm_and_takes_the_right_ones(tmp_path: Path) -> None:
    mine = (Provider(name, f"{FIXTURES}/rmsnorm.py:{name}") for name in (*RIGHT, *WRONG))
    request = a_request(
        Provider("torch"), *mine, operator="rmsnorm", cases=NORMS, stages=(Stage.CHECK,)
    )
    done = run_payload(request, tmp_path)
    for case in NORMS:
        for name in ("torch", *RIGHT):
            record = done.check(name, case)
            assert record.status is Status.OK, (name, record.reason)
        for name in WRONG:
            record = done.check(name, case)
            assert record.status is Status.FAILED, name
            assert "outside the tolerance" in record.reason, record.reason
    kept = done.check("weight_kept_from_the_first_call", NORMS[0])
    assert kept.reason.startswith("its second call, on other inputs: ")
    assert done.exit_status == 1
    assert done.result.operator == RMSNORM.facts
    assert done.result.cases == tuple(RMSNORM.facts_of(case) for case in NORMS)


@pytest.mark.parametrize("dtype", [DType.FP16, DType.BF16, DType.FP32])
@pytest.mark.parametrize("name", ["without_eps", "eps_beside_the_root", "another_eps"])
def test_one_token_is_enough_to_tell_where_eps_stands(name: str, dtype: DType) -> None:
    (case,) = RMSNORM.sweep({"T": (1,), "D": (64,)}, (dtype,))
    record = checked(name, case, "rmsnorm")
    assert record.status is Status.FAILED
    assert record.error is not None
    assert record.error.mismatches > 32


def layer(operator: str, dtype: DType = DType.FP16, **axes: Value) -> Case:
    (case,) = registry.find(operator).sweep({s: (v,) for s, v in axes.items()}, (dtype,))
    return case


SOFTMAX = layer("softmax", M=200, N=200)
ADDED = layer("add_rmsnorm", T=7, D=96)
PRODUCT = layer("gemm_bias", M=80, N=80, K=80, activation="gelu")


@pytest.mark.parametrize(
    ("name", "case"),
    [
        ("norm_of_the_rounded_sum", ADDED),
        ("norm_of_the_sum_in_fp32", ADDED),
        ("norm_of_the_rounded_sum", layer("add_rmsnorm", DType.BF16, T=7, D=96)),
        ("gemm_in_fp32", PRODUCT),
        ("gemm_in_fp32", layer("gemm_bias", DType.BF16, M=1, N=33, K=70, activation="silu")),
    ],
    ids=lambda value: value if isinstance(value, str) else value.label,
)
def test_what_others_do_rightly_in_their_own_ways_passes(name: str, case: Case) -> None:
    record = checked(name, case, "layers")
    assert (record.status, record.reason) == (Status.OK, "")


OUTSIDE = "outside the tolerance"
TOO_FEW = "returned 1 outputs, expected 2"


@pytest.mark.parametrize(
    ("name", "case", "words"),
    [
        ("softmax_without_the_largest_taken_off", SOFTMAX, "NaN"),
        ("softmax_over_the_other_axis", SOFTMAX, OUTSIDE),
        ("softmax_in_base_two", SOFTMAX, OUTSIDE),
        ("softmax_summed_in_its_own_dtype", SOFTMAX, OUTSIDE),
        ("softmax_tail_forgotten", SOFTMAX, OUTSIDE),
        ("norm_of_x_alone", ADDED, f"{OUTSIDE}; first of out at [0, 0]"),
        ("residual_handed_back", ADDED, "of residual_out at"),
        ("outputs_in_the_other_order", ADDED, OUTSIDE),
        ("one_output_only", ADDED, TOO_FEW),
        ("written_over_the_inputs", ADDED, "changed its input x, residual"),
        ("gemm_without_bias", PRODUCT, OUTSIDE),
        ("gemm_bias_behind_the_activation", PRODUCT, OUTSIDE),
        ("gemm_bias_along_the_rows", PRODUCT, OUTSIDE),
        ("gemm_always_relu", PRODUCT, OUTSIDE),
        ("gemm_transposed", PRODUCT, OUTSIDE),
        ("gemm_tail_forgotten", PRODUCT, OUTSIDE),
        ("gemm_summed_in_its_own_dtype", PRODUCT, OUTSIDE),
        (
            "gemm_summed_in_its_own_dtype",
            layer("gemm_bias", DType.BF16, M=8, N=8, K=512, activation="relu"),
            OUTSIDE,
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else value.label,
)
def test_a_wrong_layer_is_refused_for_what_is_wrong(name: str, case: Case, words: str) -> None:
    record: CheckRecord = checked(name, case, "layers")
    assert record.status is Status.FAILED
    assert words in record.reason
