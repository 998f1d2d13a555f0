"""Our Triton product, by Triton's interpreter where Triton is installed."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

from remote_payload.contract.case import Case
from remote_payload.contract.dtypes import DType
from remote_payload.contract.request import Provider
from remote_payload.contract.words import Device, Stage, Status
from remote_payload.operators.gemm.definition import OPERATOR
from tests.payload.running import a_request, run_payload

pytest.importorskip("torch")
pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("triton") is None, reason="triton is not installed"
)


def case(m: int, n: int, k: int, dtype: DType) -> Case:
    return OPERATOR.case({"M": m, "N": n, "K": k}, dtype)


# Whole tiles, tails of every axis, and less than a tile of each.
SIZES = ((64, 64, 64), (40, 70, 80), (1, 7, 1))


def test_tiles_and_tails_are_right_and_emulated_and_never_timed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRITON_INTERPRET", "1")
    cases = tuple(case(*size, dtype) for size in SIZES for dtype in (DType.FP16, DType.FP32))
    refused = case(16, 16, 16, DType.BF16)
    request = a_request(
        Provider("triton"),
        operator="gemm",
        cases=(*cases, refused),
        stages=(Stage.CHECK, Stage.BENCH),
    )
    finished = run_payload(request, tmp_path)
    for one in cases:
        record = finished.check("triton", one)
        assert record.status is Status.OK, record.reason
        assert record.emulated
        assert "run by Triton's interpreter" in record.implementation
    record = finished.check("triton", refused)
    assert record.status is Status.SKIPPED
    assert "cannot multiply bfloat16" in record.reason
    assert not finished.result.bench


@pytest.mark.gpu
def test_every_dtype_and_layout_is_right_on_a_gpu(tmp_path: Path) -> None:
    cases = tuple(
        case(*size, dtype)
        for size in ((512, 256, 384), (130, 70, 1000), (1, 4096, 4096))
        for dtype in OPERATOR.dtypes
    )
    request = a_request(
        Provider("triton"),
        operator="gemm",
        cases=cases,
        stages=(Stage.CHECK,),
        device=Device.CUDA,
    )
    finished = run_payload(request, tmp_path, gpu=True)
    for one in cases:
        record = finished.check("triton", one)
        assert record.status in (Status.OK, Status.SKIPPED), f"{one.label}: {record.reason}"
