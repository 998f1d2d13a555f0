"""y = x, to the last bit."""

from __future__ import annotations

from typing import Optional, Tuple

from remote_payload.contract.case import Case
from remote_payload.contract.dtypes import DType
from remote_payload.contract.facts import ProviderFacts, Role, Tolerance, Work
from remote_payload.operators.base import Axis, Input, Operator, Output
from remote_payload.operators.judging.tolerance import exact

BASELINE, COMPILED = "torch", "torch-compile"

PROVIDERS = (
    ProviderFacts(BASELINE, "Tensor.copy_ into memory that is kept", Role.BASELINE),
    ProviderFacts(COMPILED, "torch.compile of a clone, where it works", Role.RIVAL),
)


def inputs(case: Case) -> Tuple[Input, ...]:
    """x of [elements]."""
    return (Input("x", (case.size("N"),)),)


def outputs(case: Case) -> Tuple[Output, ...]:
    """y of [elements]."""
    return (Output("y", (case.size("N"),)),)


def work(case: Case) -> Optional[Work]:
    """Every byte read once and written once, and nothing computed."""
    size_bytes = case.size("N") * case.dtype.size_bytes
    return Work(0, 2 * size_bytes, size_bytes, matrix=False)


def tolerance(case: Case) -> Tolerance:
    return exact()


OPERATOR = Operator(
    name="copy",
    title="copy",
    axes=(Axis("N", "elements", "elements to copy"),),
    dtypes=(DType.FP32, DType.FP16, DType.BF16),
    providers=PROVIDERS,
    default_providers=(BASELINE,),
    # In FP32 from 4 MiB, which lies in the L2 cache of any GPU, to 512 MiB, which lies in none.
    gpu_sweep={"N": (1 << 20, 1 << 22, 1 << 25, 1 << 27)},
    cpu_sweep={"N": (1 << 20, 1 << 22)},
    inputs=inputs,
    outputs=outputs,
    work=work,
    tolerance=tolerance,
    tensors="remote_payload.operators.copy.tensors",
    reference="the input itself",
)
