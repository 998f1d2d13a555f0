"""General matrix multiplication: C = A B."""

from __future__ import annotations

from typing import Optional, Tuple

from remote_payload.contract.case import Case
from remote_payload.contract.dtypes import DType
from remote_payload.contract.facts import ProviderFacts, Role, Tolerance, Work
from remote_payload.operators.base import Axis, Input, Operator, Output
from remote_payload.operators.judging.tolerance import of_sums

BASELINE, COMPILED, TRITON = "torch", "torch-compile", "triton"
# Hopper's tensor cores keep some 14 bits of a sum of FP8 products, and fast accumulation never
# moves it elsewhere (DeepSeek-V3, arXiv 2412.19437, section 3.3.2, tells of 2 % at K = 4096 at the
# most). In root mean square, of the spread.
_FP8_SUMS = 2.0**-6

AXES = (
    Axis("M", "rows", "rows of A and of C"),
    Axis("N", "columns", "columns of B and of C", otherwise="M", spelt_out=True),
    Axis("K", "depth", "columns of A, rows of B: what is summed over", "M", spelt_out=True),
)
PROVIDERS = (
    ProviderFacts(
        BASELINE,
        "torch.mm, through cuBLAS or the CPU's BLAS; FP8: torch._scaled_mm",
        Role.BASELINE,
    ),
    ProviderFacts(COMPILED, "torch.compile of torch.mm, where it works", Role.RIVAL),
    ProviderFacts(TRITON, "our own kernel in Triton, autotuned", Role.OURS),
)


def square(size: int, dtype: DType) -> Case:
    """M = N = K."""
    return OPERATOR.case({"M": size}, dtype)


def output_dtype(dtype: DType) -> DType:
    """Of C. FP8 has no room for a sum of K products: BF16, as every library has it."""
    return DType.BF16 if dtype is DType.FP8_E4M3 else dtype


def inputs(case: Case) -> Tuple[Input, ...]:
    """A of [M, K] and B of [K, N], both row by row; B of FP8 column by column, as tensor cores take
    no other (https://docs.nvidia.com/cuda/cublas/#cublasltmatmul: A transposed, in its words)."""
    by_columns = case.dtype is DType.FP8_E4M3
    return (
        Input("A", (case.size("M"), case.size("K"))),
        Input("B", (case.size("K"), case.size("N")), by_columns=by_columns),
    )


def outputs(case: Case) -> Tuple[Output, ...]:
    """C of [M, N]."""
    return (Output("C", (case.size("M"), case.size("N")), output_dtype(case.dtype)),)


def work(case: Case) -> Optional[Work]:
    """A multiply-add for each of M · N · K products; A and B read once, C written once."""
    rows, columns, depth = case.size("M"), case.size("N"), case.size("K")
    written = rows * columns * output_dtype(case.dtype).size_bytes
    read = (rows + columns) * depth * case.dtype.size_bytes
    return Work(2 * rows * columns * depth, read + written, written)


def tolerance(case: Case) -> Tolerance:
    """C is rounded once, and its sums are kept in FP32; of FP8 in what the hardware keeps."""
    more = _FP8_SUMS if case.dtype is DType.FP8_E4M3 else 0.0
    return of_sums(output_dtype(case.dtype), case.size("K"), more=more)


OPERATOR = Operator(
    name="gemm",
    title="GEMM",
    axes=AXES,
    dtypes=(DType.FP16, DType.BF16, DType.FP32, DType.FP8_E4M3),
    providers=PROVIDERS,
    default_providers=(BASELINE, TRITON),
    gpu_sweep={"M": (1024, 2048, 4096, 8192)},
    # FP16 products take half a second at 512 on a CPU that has no instruction for them.
    cpu_sweep={"M": (256, 512)},
    inputs=inputs,
    outputs=outputs,
    work=work,
    tolerance=tolerance,
    tensors="remote_payload.operators.gemm.tensors",
    reference="A B in fp64 on the same inputs, every element",
)
