"""A matrix product with bias and activation, forward: activation(a b + bias).

gelu is the exact one, by erf, as torch's own is unless told otherwise.
"""

from __future__ import annotations

from typing import Any, Dict, Tuple

from remote_payload.contract.case import Case
from remote_payload.contract.dtypes import DType
from remote_payload.contract.facts import ProviderFacts, Role, Tolerance, Work
from remote_payload.operators.base import Axis, Input, Operator, Output
from remote_payload.operators.judging import tolerance as tolerances

ACTIVATIONS = ("relu", "gelu", "silu")
# One each an element: the logistic function has one, and erf is computed with one.
_EXPONENTIALS = {"relu": 0, "gelu": 1, "silu": 1}
# The sum that is kept before the activation, and the output.
_ROUNDINGS = 2

AXES = (
    Axis("M", "M", "rows of a and of the output"),
    Axis("N", "N", "columns of b and of the output"),
    Axis("K", "K", "columns of a, rows of b: what is summed over"),
    Axis("activation", "activation", "what follows the sum", choices=ACTIVATIONS),
)
PROVIDERS = (
    ProviderFacts("torch", "PyTorch, torch.addmm and the activation", Role.BASELINE),
    ProviderFacts("torch-compile", "the same, compiled by torch.compile", Role.RIVAL),
)


def inputs(case: Case) -> Tuple[Input, ...]:
    """a of [M, K], b of [K, N], bias of [N]; drawn so that sums are of the order of one."""
    rows, columns, depth = (case.size(symbol) for symbol in "MNK")
    return (
        Input("a", (rows, depth)),
        Input("b", (depth, columns), scale=depth**-0.5),
        Input("bias", (columns,)),
    )


def outputs(case: Case) -> Tuple[Output, ...]:
    """One, of [M, N]."""
    return (Output("out", (case.size("M"), case.size("N"))),)


def scalars(case: Case) -> Dict[str, Any]:
    """What a provider gets by name: the word for the activation."""
    return {"activation": activation(case)}


def activation(case: Case) -> str:
    return str(case.get("activation", ""))


def work(case: Case) -> Work:
    """2·M·N·K FLOP, as everybody counts a matrix product; bias and activation are not counted, but
    for one exponential an element where it takes one. All is read once, the output written once."""
    rows, columns, depth = (case.size(symbol) for symbol in "MNK")
    size_bytes = case.dtype.size_bytes
    read = rows * depth + depth * columns + columns
    written = rows * columns
    exponentials = _EXPONENTIALS[activation(case)] * written
    traffic = (read + written) * size_bytes
    return Work(2 * rows * columns * depth, traffic, written * size_bytes, exponentials)


def tolerance(case: Case) -> Tolerance:
    return tolerances.of_sums(case.dtype, case.size("K"), roundings=_ROUNDINGS)


OPERATOR = Operator(
    name="gemm_bias",
    title="GEMM with bias and activation",
    axes=AXES,
    dtypes=(DType.FP16, DType.BF16, DType.FP32),
    providers=PROVIDERS,
    default_providers=("torch", "torch-compile"),
    # The first half of a feed-forward layer, from decoding to prefill.
    gpu_sweep={"M": (16, 512, 4096), "N": (16384,), "K": (4096,), "activation": ("gelu",)},
    cpu_sweep={"M": (64,), "N": (512,), "K": (512,), "activation": ("relu", "gelu")},
    inputs=inputs,
    outputs=outputs,
    work=work,
    tolerance=tolerance,
    tensors="remote_payload.operators.gemm_bias.tensors",
    scalars=scalars,
    reference="the same in fp64 on the same inputs, gelu by erf",
)
