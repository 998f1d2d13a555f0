"""Scaled dot-product attention, forward: softmax(scale · q kᵀ + mask) v."""

from __future__ import annotations

from typing import Any, Dict, Optional, Tuple

from remote_payload.contract.case import Case
from remote_payload.contract.dtypes import DType
from remote_payload.contract.facts import Gate, Tolerance
from remote_payload.operators.attention import catalog, targets, work
from remote_payload.operators.base import Axis, BadCase, Input, Operator, Output
from remote_payload.operators.judging import tolerance as tolerances

MOST_DIM = 256
_ORIGINAL = Tolerance((Gate(rtol=1e-3, atol=2e-3),), "the original report's limit")
# Scores, weights and the output; and torch's math backend, before 2.5, q and k times the root of
# the scale as well (ATen/native/transformers/attention.cpp), which costs no more than one of these.
_ROUNDINGS = 4

AXES = (
    Axis("B", "batch", "batch entries"),
    Axis("H", "heads", "heads of q and of the output"),
    Axis("Hkv", "kv_heads", "heads of k and v, which divide those of q", otherwise="H"),
    Axis("S", "seq", "queries"),
    Axis("Skv", "kv_seq", "keys and values", otherwise="S"),
    Axis("D", "dim", "head dimension"),
    Axis("W", "window", "keys that a query sees, itself the last; 0: all", otherwise=0, least=0),
    Axis("causal", "causal", "the last query sees all keys, each before it one less", False),
)


def attention_case(
    batch: int,
    heads: int,
    seq: int,
    dim: int,
    dtype: DType,
    causal: bool = False,
    kv_heads: Optional[int] = None,
    kv_seq: Optional[int] = None,
    window: int = 0,
) -> Case:
    """A case by the full names of its axes; BadCase as in `Operator.case`."""
    sizes = {"B": batch, "H": heads, "Hkv": kv_heads or heads, "S": seq, "Skv": kv_seq or seq}
    return OPERATOR.case({**sizes, "D": dim, "W": window, "causal": causal}, dtype)


def inputs(case: Case) -> Tuple[Input, ...]:
    """q of [batch, heads, seq, dim]; k and v of [batch, kv_heads, kv_seq, dim]."""
    of_keys = (case.size("B"), work.kv_heads(case), work.kv_seq(case), case.size("D"))
    return (Input("q", _of_queries(case)), Input("k", of_keys), Input("v", of_keys))


def outputs(case: Case) -> Tuple[Output, ...]:
    """One, of the form of q."""
    return (Output("out", _of_queries(case)),)


def scalars(case: Case) -> Dict[str, Any]:
    """What a provider gets by name: the mask and the softmax scale, 1 / sqrt(dim)."""
    given: Dict[str, Any] = {"causal": case.flag("causal"), "scale": case.size("D") ** -0.5}
    if case.size("W", 0):
        given["window"] = case.size("W", 0)
    return given


def tolerance(case: Case) -> Tolerance:
    """Sums over the head dimension, then over the keys that a query sees."""
    length = case.size("D") + work.most_keys(case)
    allowed = tolerances.of_sums(case.dtype, length, roundings=_ROUNDINGS, exponents=True)
    return tolerances.both(allowed, _ORIGINAL) if case.dtype is DType.FP16 else allowed


def possible(case: Case) -> None:
    """BadCase for what no attention can be."""
    if case.size("H") % work.kv_heads(case):
        raise BadCase("kv_heads", f"{work.kv_heads(case)} does not divide {case.size('H')} heads")
    if case.size("D") > MOST_DIM:
        raise BadCase("dim", f"expected {MOST_DIM} at most, got {case.size('D')}")
    masked = case.flag("causal")
    if masked and work.kv_seq(case) < case.size("S"):
        raise BadCase("kv_seq", "with a causal mask a query would see no key")
    if case.size("W", 0) and not masked:
        raise BadCase("window", "it goes with causal")


def _of_queries(case: Case) -> Tuple[int, int, int, int]:
    return (case.size("B"), case.size("H"), case.size("S"), case.size("D"))


OPERATOR = Operator(
    name="attention",
    title="attention",
    axes=AXES,
    dtypes=(DType.FP16, DType.BF16, DType.FP32),
    providers=catalog.PROVIDERS,
    default_providers=(catalog.BASELINE, *catalog.BACKENDS, catalog.OURS),
    # The original report's sweep, and one that two CPU cores finish in a minute.
    gpu_sweep={"B": (16,), "H": (8, 16, 32, 64, 96, 128), "S": (512,), "D": (64,)},
    cpu_sweep={"B": (1,), "H": (8, 16), "S": (512,), "D": (64,)},
    inputs=inputs,
    outputs=outputs,
    work=work.work,
    tolerance=tolerance,
    tensors="remote_payload.operators.attention.tensors",
    scalars=scalars,
    possible=possible,
    unit="µs/head",
    per="H",
    reference="attention in fp64 on the same inputs",
    targets=targets.TARGETS,
    library=True,
)
