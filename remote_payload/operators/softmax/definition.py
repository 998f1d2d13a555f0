"""Softmax over the last axis, forward: exp(x - max) / sum(exp(x - max)), row by row."""

from __future__ import annotations

from typing import Tuple

from remote_payload.contract.case import Case
from remote_payload.contract.dtypes import DType
from remote_payload.contract.facts import ProviderFacts, Role, Tolerance, Work
from remote_payload.operators.base import Axis, Input, Operator, Output
from remote_payload.operators.judging import tolerance as tolerances

# Rows whose exponentials are infinite in fp32 unless the largest element is taken off first;
# ordinary ones; and rows of nearly equal weights, where each element of a sum counts.
ROW_SCALES = (50.0, 1.0, 0.01)
_LOG2_E = 1.4427
# What exponentials are taken of, six standard deviations in units of log2, is rounded in fp32.
_EXPONENTS = 6 * ROW_SCALES[0] * _LOG2_E * 2.0**-24
# The output, and an exponential that is kept between.
_ROUNDINGS = 2

AXES = (
    Axis("M", "rows", "rows, each with a sum of its own"),
    Axis("N", "columns", "elements of a row"),
)
PROVIDERS = (
    ProviderFacts("torch", "PyTorch, torch.softmax", Role.BASELINE),
    ProviderFacts("torch-compile", "the same, compiled by torch.compile", Role.RIVAL),
)


def inputs(case: Case) -> Tuple[Input, ...]:
    """x of [rows, columns]."""
    return (Input("x", (case.size("M"), case.size("N")), row_scales=ROW_SCALES),)


def outputs(case: Case) -> Tuple[Output, ...]:
    """One, of the form of x."""
    return (Output("out", (case.size("M"), case.size("N"))),)


def work(case: Case) -> Work:
    """3 FLOP an element: less the largest, the sum, over the sum; comparisons are not counted, and
    exponentials apart. x is read once, the output is written once."""
    elements, size_bytes = case.size("M") * case.size("N"), case.dtype.size_bytes
    moved, written = 2 * elements * size_bytes, elements * size_bytes
    return Work(3 * elements, moved, written, elements, matrix=False)


def tolerance(case: Case) -> Tolerance:
    return tolerances.of_sums(
        case.dtype, case.size("N"), roundings=_ROUNDINGS, exponents=True, more=_EXPONENTS
    )


OPERATOR = Operator(
    name="softmax",
    title="softmax",
    axes=AXES,
    dtypes=(DType.FP16, DType.BF16, DType.FP32),
    providers=PROVIDERS,
    default_providers=("torch", "torch-compile"),
    # From a row that one warp holds to the vocabulary of a model.
    gpu_sweep={"M": (4096,), "N": (1024, 8192, 32768)},
    cpu_sweep={"M": (128,), "N": (1024, 4096)},
    inputs=inputs,
    outputs=outputs,
    work=work,
    tolerance=tolerance,
    tensors="remote_payload.operators.softmax.tensors",
    reference="softmax in fp64 on the same inputs",
)
