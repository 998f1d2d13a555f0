"""GEMM: what it says of itself, its truth, and that wrong kernels are refused by the real payload."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from remote_payload.contract.case import Case
from remote_payload.contract.dtypes import DType
from remote_payload.contract.facts import Work
from remote_payload.contract.request import Provider
from remote_payload.contract.words import Stage, Status
from remote_payload.operators.base import BadCase
from remote_payload.operators.gemm import definition
from remote_payload.operators.gemm.definition import OPERATOR
from remote_payload.operators.setting import Setting
from tests.payload.running import FIXTURES, ROOT, a_request, run_payload

CPU = Setting("cpu", str(ROOT), 42, operator="gemm")
WRONG = {
    "takes_b_for_its_transpose": "",
    "ignores_the_tail_of_k": "",
    "sums_in_bf16": "",
    "never_writes_the_last_column": "NaN",
    "knows_the_answer": "its second call, on other inputs",
}


def case(m: int, n: int, k: int, dtype: DType = DType.FP16) -> Case:
    return OPERATOR.case({"M": m, "N": n, "K": k}, dtype)


def wrong(function: str) -> Provider:
    return Provider(function, target=f"{FIXTURES}/wrong_gemm.py:{function}")


def test_a_size_that_is_not_said_is_that_of_m_and_stands_in_the_case() -> None:
    made = OPERATOR.case({"M": 4096}, DType.FP16)
    assert made.label == "M=4096 N=4096 K=4096 fp16"
    assert made == case(4096, 4096, 4096)
    assert OPERATOR.case({"M": 16, "K": 4096}, DType.FP16).label == "M=16 N=16 K=4096 fp16"
    assert OPERATOR.checked(made) == made


def test_a_case_needs_its_rows_and_a_dtype_that_it_has() -> None:
    with pytest.raises(BadCase, match="rows: its value is missing"):
        OPERATOR.case({"N": 64}, DType.FP16)
    with pytest.raises(BadCase, match="takes fp16, bf16, fp32, fp8_e4m3, got fp64"):
        OPERATOR.case({"M": 64}, DType.FP64)


@pytest.mark.parametrize(
    ("dtype", "read", "written"),
    [(DType.FP16, 2 * 40, 2 * 12), (DType.FP32, 4 * 40, 4 * 12), (DType.FP8_E4M3, 40, 2 * 12)],
)
def test_work_is_a_multiply_add_for_each_product_and_each_matrix_once(
    dtype: DType, read: int, written: int
) -> None:
    made = case(2, 6, 5, dtype)
    assert definition.work(made) == Work(2 * 2 * 6 * 5, read + written, written)


def test_reference_comes_in_whole_rows_in_order_whatever_memory_there_is() -> None:
    torch = pytest.importorskip("torch")
    from remote_payload.operators.gemm import tensors

    made = case(7, 5, 11)
    a, b = (torch.randn(*size).half() for size in ((7, 11), (11, 5)))
    blocks = list(tensors.reference(made, a, b, block_bytes=8 * 5 * 2))
    assert [one.start for one in blocks] == [0, 10, 20, 30]
    got = torch.cat([one.want for one in blocks])
    assert torch.allclose(got, a.double() @ b.double(), rtol=1e-14, atol=1e-14)


@pytest.mark.parametrize("dtype", OPERATOR.dtypes)
def test_other_inputs_have_the_same_answer_moved_and_turned(dtype: DType) -> None:
    torch = pytest.importorskip("torch")
    from remote_payload.operators.problem import Problem

    made = case(6, 8, 10, dtype)
    problem = Problem(OPERATOR, made, CPU)
    drawn = problem.drawn()
    others, back = problem.others(drawn)
    assert back is not None

    def product(a: Any, b: Any) -> Any:
        (block,) = problem.truth((a, b))
        return block.want

    assert torch.equal(back((product(*others),))[0], product(*drawn))
    for one, other in zip(drawn, others, strict=True):
        assert not torch.equal(one.float(), other.float())


def test_b_of_fp8_lies_column_by_column_and_comes_back_so_from_the_disk(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")
    from remote_payload.operators import drawing

    made = case(4, 8, 16, DType.FP8_E4M3)
    first, kept, found = (
        drawing.given(definition.inputs(made), made, 1, folder)[1]
        for folder in ("", str(tmp_path), str(tmp_path))
    )
    assert tuple(first.shape) == (16, 8)
    assert first.stride() == kept.stride() == found.stride() == (1, 16)
    assert torch.equal(first.float(), kept.float())
    assert torch.equal(first.float(), found.float())


@pytest.mark.parametrize("dtype", [DType.FP16, DType.BF16, DType.FP32])
def test_one_lost_product_of_one_element_is_seen(dtype: DType) -> None:
    torch = pytest.importorskip("torch")
    from remote_payload.operators.problem import Problem

    problem = Problem(OPERATOR, case(40, 48, 1000, dtype), CPU)
    a, b = problem.drawn()
    (block,) = problem.truth((a, b))
    right = block.want.to(a.dtype)
    assert problem.describe(problem.measure((right,), (a, b))) == ""
    products = a.double()[:, :, None] * b.double()[None, :, :]
    row, lost, column = (int(at) for at in torch.nonzero(products.abs() > 3)[0])
    wrong = right.clone()
    wrong[row, column] -= products[row, lost, column].to(a.dtype)
    error = problem.measure((wrong,), (a, b))
    assert (error.mismatches, error.first) == (1, (row, column))


@pytest.mark.parametrize(
    ("dtype", "fewest"),
    [(DType.FP16, 1), (DType.BF16, 1), (DType.FP32, 1), (DType.FP8_E4M3, 2)],
)
def test_products_that_every_sum_of_4096_lacks_are_seen(dtype: DType, fewest: int) -> None:
    """As docs/ceilings.md says of them."""
    pytest.importorskip("torch")
    from remote_payload.operators.drawing import torch_dtype
    from remote_payload.operators.problem import Problem

    problem = Problem(OPERATOR, case(64, 96, 4096, dtype), CPU)
    a, b = problem.drawn()
    (block,) = problem.truth((a, b))
    for lost in (0, fewest):
        short = block.want - a[:, :lost].double() @ b[:lost].double()
        out = short.to(torch_dtype(definition.output_dtype(dtype)))
        assert bool(problem.describe(problem.measure((out,), (a, b)))) is bool(lost)


@pytest.mark.parametrize("depth", [64, 4096, 65536])
def test_fp32_by_tf32_is_refused(depth: int) -> None:
    torch = pytest.importorskip("torch")
    from remote_payload.operators.problem import Problem

    def tf32(tensor: Any) -> Any:
        """Rounded to 11 bits, half away from zero."""
        return ((tensor.view(torch.int32) + 0x1000) & ~0x1FFF).view(torch.float32)

    problem = Problem(OPERATOR, case(32, 48, depth, DType.FP32), CPU)
    a, b = problem.drawn()
    rounded = (tf32(a).double() @ tf32(b).double()).float()
    assert problem.describe(problem.measure((rounded,), (a, b)))
    assert not problem.describe(problem.measure((a @ b,), (a, b)))


def test_wrong_kernels_are_refused_at_every_size_and_a_right_one_is_not(tmp_path: Path) -> None:
    pytest.importorskip("torch")
    cases = (case(64, 48, 40), case(33, 130, 100), case(96, 96, 250, DType.BF16))
    request = a_request(
        *(wrong(name) for name in ("right", *WRONG)),
        operator="gemm",
        cases=cases,
        stages=(Stage.CHECK,),
    )
    finished = run_payload(request, tmp_path)
    for one in cases:
        record = finished.check("right", one)
        assert record.status is Status.OK, record.reason
        for name, how in WRONG.items():
            record = finished.check(name, one)
            assert record.status is Status.FAILED, f"{name} on {one.label}"
            assert "outside the tolerance" in record.reason
            assert how in record.reason


def test_torch_is_right_in_every_dtype_and_says_who_multiplies(tmp_path: Path) -> None:
    pytest.importorskip("torch")
    cases = tuple(case(48, 64, 80, dtype) for dtype in OPERATOR.dtypes)
    request = a_request(
        Provider("torch"), operator="gemm", cases=cases, stages=(Stage.CHECK, Stage.BENCH)
    )
    finished = run_payload(request, tmp_path)
    for one in cases:
        record = finished.check("torch", one)
        if one.dtype is DType.FP8_E4M3 and record.status is Status.SKIPPED:
            continue  # this torch has no FP8 on a CPU
        assert record.status is Status.OK, record.reason
        assert "torch" in record.implementation
        timed = finished.bench("torch", one)
        assert {row.status for row in timed} == {Status.OK}
    assert "the CPU's BLAS (" in finished.check("torch", cases[2]).implementation
    assert finished.result.operator == OPERATOR.facts
    assert [facts.work for facts in finished.result.cases] == [definition.work(c) for c in cases]


def test_fp8_is_refused_where_torch_cannot_take_it() -> None:
    pytest.importorskip("torch")
    from remote_payload.providers.loading import CannotRun, load

    loaded = load(Provider("torch"), CPU)
    odd = case(8, 8, 8, DType.FP8_E4M3)
    from remote_payload.operators.problem import Problem

    problem = Problem(OPERATOR, odd, CPU)
    with pytest.raises(CannotRun, match="multiples of 16 for K and N"):
        problem.implementation(loaded, problem.drawn())


def test_an_older_torch_without_scaled_mm_is_told_apart_from_a_failure(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    torch = pytest.importorskip("torch")
    from remote_payload.operators.problem import Problem
    from remote_payload.providers.loading import CannotRun, load

    monkeypatch.delattr(torch, "_scaled_mm")
    problem = Problem(OPERATOR, case(16, 16, 16, DType.FP8_E4M3), CPU)
    with pytest.raises(CannotRun, match=r"has no torch\._scaled_mm"):
        problem.implementation(load(Provider("torch"), CPU), problem.drawn())


@pytest.mark.parametrize("capability", [(8, 0), (8, 6)])
def test_a_gpu_without_fp8_is_told_apart_from_a_failure(
    capability: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    torch = pytest.importorskip("torch")
    from remote_payload.operators.gemm import blas
    from remote_payload.operators.loaded import CannotRun

    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda: capability)
    scaled = blas.Scaled("cpu")
    scaled.device = "cuda"
    with pytest.raises(CannotRun, match="no FP8"):
        scaled.require(torch.empty(16, 16))


def test_cublas_is_kept_from_adding_parts_of_a_sum_in_fewer_bits_and_left_as_it_was() -> None:
    torch = pytest.importorskip("torch")
    from remote_payload.operators.gemm import blas

    flags = torch.backends.cuda.matmul
    names = (
        "allow_fp16_reduced_precision_reduction",
        "allow_bf16_reduced_precision_reduction",
    )
    before = [getattr(flags, name) for name in names]
    with blas.sums_in_fp32():
        assert [bool(getattr(flags, name)) for name in names] == [False, False]
    assert [getattr(flags, name) for name in names] == before


def test_triton_says_how_to_get_it_or_that_it_needs_a_gpu() -> None:
    pytest.importorskip("torch")
    from remote_payload.providers.loading import CannotRun, load

    with pytest.raises(CannotRun, match=r"not present: pip install triton|needs a CUDA GPU"):
        load(Provider("triton"), CPU)
