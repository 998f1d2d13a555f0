"""What goes into a call of a FlashInfer Trace definition, by a workload or without one."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Any, Dict, Mapping, Optional, Tuple

import torch

from remote_payload.operators.flashinfer import safetensors
from remote_payload.operators.flashinfer.reading import Definition, Number, Spec, Stored
from remote_payload.operators.user.stated import BadOperator

Tensor = Any
# As their bench/utils.py draws: whole numbers in this range, of 8 bits all there are.
_WHOLE = {"int8": (-128, 128), "uint8": (0, 256)}
_WHOLE_USUAL = (-1024, 1024)
_LOW = ("float8_e4m3fn", "float8_e5m2", "float4_e2m1fn_x2")
_MOST_OF_LOW = 2.0


def drawn(spec: Spec, size: Any, generator: Any) -> Tensor:
    """A random tensor as theirs; of what torch cannot make here, BadOperator."""
    dtype = getattr(torch, spec.dtype, None)
    if dtype is None:
        raise BadOperator(spec.name, f"torch {torch.__version__} has no {spec.dtype}")
    if spec.dtype == "bool":
        return torch.randint(0, 2, size, generator=generator).bool()
    if not dtype.is_floating_point:
        low, high = _WHOLE.get(spec.dtype, _WHOLE_USUAL)
        return torch.randint(low, high, size, generator=generator, dtype=torch.int64).to(dtype)
    normal = torch.randn(size, generator=generator)
    try:
        return (normal.clamp_(-_MOST_OF_LOW, _MOST_OF_LOW) if spec.dtype in _LOW else normal).to(
            dtype
        )
    except (RuntimeError, NotImplementedError) as exc:
        problem = f"torch {torch.__version__} cannot make {spec.dtype}"
        raise BadOperator(spec.name, problem) from exc


def stored(spec: Spec, size: Any, one: Stored, folder: Path) -> Tensor:
    """A tensor of a workload's file, which has to be as the definition says; BadOperator."""
    found = safetensors.load(folder / one.path, one.key)
    want = (list(size), getattr(torch, spec.dtype, None))
    if [list(found.shape), found.dtype] != list(want):
        got = f"{found.dtype} {list(found.shape)}"
        raise BadOperator(spec.name, f"expected {want[1]} {want[0]}, {one.path} has {got}")
    return found


def room(size: Tuple[int, ...], dtype: Any, device: str) -> Tensor:
    """Where a provider puts an output. What it does not fill holds what nobody takes for right."""
    made = torch.empty(size, dtype=dtype, device=device)
    rounds, truth = dtype.is_floating_point, dtype is torch.bool
    what = float("nan") if rounds else True if truth else torch.iinfo(dtype).max
    with contextlib.suppress(RuntimeError, NotImplementedError):  # torch fills no FP4
        made.fill_(what)
    return made


def number(spec: Spec, one: Optional[Stored], generator: Any) -> Number:
    """A Python number."""
    if one is not None and one.value is not None:
        if spec.dtype == "bool":
            return bool(one.value)
        whole = "int" in spec.dtype
        return int(one.value) if whole else float(one.value)
    value: Number = drawn(spec, (), generator).item()
    return value


def as_probabilities(of: Definition, spec: Spec, tensor: Tensor) -> Tensor:
    """Of sampling, what is drawn from: rows that add up to 1."""
    if of.op_type == "sampling" and spec.name == "probs":
        return torch.softmax(tensor.float(), dim=-1).to(tensor.dtype)
    return tensor


def facts(of: Definition, axes: Mapping[str, int]) -> Dict[str, int]:
    """All axes with their values."""
    return {**{name: value for name, value in of.axes.items() if value is not None}, **axes}
