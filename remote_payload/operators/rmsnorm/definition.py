"""Root mean square normalisation, forward: y = x / sqrt(mean(x²) + eps) · weight, row by row.

arXiv 1910.07467; eps stands under the root, as in torch.nn.functional.rms_norm, vLLM and
FlashInfer.
"""

from __future__ import annotations

from typing import Any, Dict, Tuple

from remote_payload.contract.case import Case
from remote_payload.contract.dtypes import DType
from remote_payload.contract.facts import ProviderFacts, Role, Tolerance, Work
from remote_payload.operators.base import Axis, Input, Operator, Output
from remote_payload.operators.judging import tolerance as tolerances

EPS = 1e-6
# Rows as small as sqrt(EPS), where a wrong eps is off by two fifths; ordinary ones; and rows whose
# sum of squares is beyond fp16.
ROW_SCALES = (1e-3, 1.0, 64.0)
# Around one and never all one: a weight that is left out shows.
WEIGHT_SCALE = 2.0
# What is normalised, and its product with the weight.
_ROUNDINGS = 2

AXES = (
    Axis("T", "tokens", "rows, each normalised by itself"),
    Axis("D", "hidden", "elements of a row, the hidden size"),
)
PROVIDERS = (
    ProviderFacts("torch", "PyTorch, torch.nn.functional.rms_norm where it has one", Role.BASELINE),
    ProviderFacts("torch-compile", "the same, compiled by torch.compile", Role.RIVAL),
    ProviderFacts("triton", "our own kernel in Triton, a row for each program", Role.OURS),
)


def inputs(case: Case) -> Tuple[Input, ...]:
    """x of [tokens, hidden], weight of [hidden]."""
    rows = Input("x", (case.size("T"), case.size("D")), row_scales=ROW_SCALES)
    return rows, Input("weight", (case.size("D"),), "uniform", WEIGHT_SCALE)


def outputs(case: Case) -> Tuple[Output, ...]:
    """One, of the form of x."""
    return (Output("out", (case.size("T"), case.size("D"))),)


def scalars(case: Case) -> Dict[str, Any]:
    """What a provider gets by name."""
    return {"eps": EPS}


def work(case: Case) -> Work:
    """4 FLOP an element: its square, the sum, and its products with the root and the weight; what
    is done once a row is not counted. x and weight are read once, the output is written once."""
    elements, size_bytes = case.size("T") * case.size("D"), case.dtype.size_bytes
    traffic = (2 * elements + case.size("D")) * size_bytes
    return Work(4 * elements, traffic, elements * size_bytes, matrix=False)


def tolerance(case: Case) -> Tolerance:
    return tolerances.of_sums(case.dtype, case.size("D"), roundings=_ROUNDINGS)


OPERATOR = Operator(
    name="rmsnorm",
    title="RMSNorm",
    axes=AXES,
    dtypes=(DType.FP16, DType.BF16, DType.FP32),
    providers=PROVIDERS,
    default_providers=("torch", "torch-compile", "triton"),
    # Hidden sizes of models with 8 and 70 billion parameters, from decoding one token to a prefill.
    gpu_sweep={"T": (1, 128, 2048, 16384), "D": (4096, 8192)},
    cpu_sweep={"T": (1, 128), "D": (4096,)},
    inputs=inputs,
    outputs=outputs,
    work=work,
    tolerance=tolerance,
    tensors="remote_payload.operators.rmsnorm.tensors",
    scalars=scalars,
    reference="RMSNorm in fp64 on the same inputs",
)
