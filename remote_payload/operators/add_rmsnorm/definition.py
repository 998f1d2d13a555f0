"""A residual sum and its root mean square normalisation, as between two layers of a transformer.

The order of the inputs is that of vLLM's fused_add_rms_norm and of FlashInfer's fused_add_rmsnorm,
the order of the outputs that in which vLLM's layer returns them. Both write over their inputs, we
never do. The norm may be taken of the sum in fp32, as FlashInfer does, or of the rounded one, as
vLLM does: the tolerance covers both.
"""

from __future__ import annotations

from typing import Tuple

from remote_payload.contract.case import Case
from remote_payload.contract.dtypes import DType
from remote_payload.contract.facts import ProviderFacts, Role, Tolerance, Work
from remote_payload.operators.base import Input, Operator, Output
from remote_payload.operators.judging import tolerance as tolerances
from remote_payload.operators.rmsnorm.definition import (
    AXES,
    ROW_SCALES,
    WEIGHT_SCALE,
    scalars,
)

# The sum, what is normalised, and its product with the weight.
_ROUNDINGS = 3

PROVIDERS = (
    ProviderFacts("torch", "PyTorch, an addition and rms_norm", Role.BASELINE),
    ProviderFacts("torch-compile", "the same, compiled by torch.compile", Role.RIVAL),
)


def inputs(case: Case) -> Tuple[Input, ...]:
    """x and residual of [tokens, hidden], weight of [hidden]."""
    size = case.size("T"), case.size("D")
    return (
        Input("x", size, row_scales=ROW_SCALES),
        Input("residual", size, row_scales=ROW_SCALES),
        Input("weight", size[1:], "uniform", WEIGHT_SCALE),
    )


def outputs(case: Case) -> Tuple[Output, ...]:
    """The norm, then the sum, both of the form of x."""
    size = case.size("T"), case.size("D")
    return Output("out", size), Output("residual_out", size)


def work(case: Case) -> Work:
    """5 FLOP an element: the sum, and the 4 of RMSNorm. Three tensors are read, two written."""
    elements, size_bytes = case.size("T") * case.size("D"), case.dtype.size_bytes
    traffic = (4 * elements + case.size("D")) * size_bytes
    return Work(5 * elements, traffic, 2 * elements * size_bytes, matrix=False)


def tolerance(case: Case) -> Tolerance:
    """The norm's, and that of the sum, which is rounded once."""
    norm = tolerances.of_sums(case.dtype, case.size("D"), roundings=_ROUNDINGS, output=0)
    return tolerances.both(norm, tolerances.of_sums(case.dtype, 1, output=1))


OPERATOR = Operator(
    name="add_rmsnorm",
    title="add + RMSNorm",
    axes=AXES,
    dtypes=(DType.FP16, DType.BF16, DType.FP32),
    providers=PROVIDERS,
    default_providers=("torch", "torch-compile"),
    gpu_sweep={"T": (1, 128, 2048, 16384), "D": (4096, 8192)},
    cpu_sweep={"T": (1, 128), "D": (4096,)},
    inputs=inputs,
    outputs=outputs,
    work=work,
    tolerance=tolerance,
    tensors="remote_payload.operators.add_rmsnorm.tensors",
    scalars=scalars,
    reference="the sum and its RMSNorm in fp64 on the same inputs",
)
