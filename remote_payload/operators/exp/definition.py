"""x becomes 2^-x, again and again: nothing but exponentials, and no value leaves [1/2, 1]."""

from __future__ import annotations

from typing import Any, Dict, Optional, Tuple

from remote_payload.contract.case import Case
from remote_payload.contract.dtypes import DType
from remote_payload.contract.facts import Gate, ProviderFacts, Role, Tolerance, Work
from remote_payload.operators.base import Axis, Input, Operator, Output

OURS = "ex2"

PROVIDERS = (
    ProviderFacts(OURS, "our own kernel, csrc/ceilings/exp.cu: ex2.approx alone", Role.OURS),
)


def inputs(case: Case) -> Tuple[Input, ...]:
    """x of [chains], of [0, 1)."""
    return (Input("x", (case.size("N"),), draw="uniform"),)


def outputs(case: Case) -> Tuple[Output, ...]:
    """y of [chains]."""
    return (Output("y", (case.size("N"),)),)


def scalars(case: Case) -> Dict[str, Any]:
    """How often."""
    return {"steps": case.size("steps")}


def work(case: Case) -> Optional[Work]:
    """One exponential for each chain and step; each value read once and written once."""
    size_bytes = case.size("N") * case.dtype.size_bytes
    exponentials = case.size("N") * case.size("steps")
    return Work(0, 2 * size_bytes, size_bytes, exponentials, matrix=False)


def tolerance(case: Case) -> Tolerance:
    """CUDA's exp2f, which is ex2.approx, is off by 2 ulp at most (CUDA C++ Programming Guide,
    mathematical functions), so by 2^-22 of its value. A step takes an error over by ln 2 of it, so
    that all of them come to less than 2^-20; ten times that."""
    return Tolerance((Gate(0.0, 1e-5),), why="ten times what all steps of ex2.approx can cost")


OPERATOR = Operator(
    name="exp",
    title="exp chains",
    axes=(
        Axis("N", "chains", "independent values, each with a chain of its own"),
        Axis("steps", "steps", "exponentials one after another in each chain"),
    ),
    dtypes=(DType.FP32,),
    providers=PROVIDERS,
    default_providers=(OURS,),
    # After some fifty steps every chain has come to the same value, so the short ones are what
    # shows a wrong exponential, and the long one what its rate is taken with.
    gpu_sweep={"N": (1 << 21,), "steps": (4, 8, 2048)},
    cpu_sweep={"N": (1 << 14,), "steps": (4, 8)},
    inputs=inputs,
    outputs=outputs,
    work=work,
    tolerance=tolerance,
    tensors="remote_payload.operators.exp.tensors",
    scalars=scalars,
    reference="2^-x in fp64, as often",
)
