"""How much work a reference does, counted while it runs."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import Any, Callable, Tuple

Tensor = Any
Tensors = Tuple[Tensor, ...]
_TOLD = "__dynamo_disable"  # where torch/_compile.py keeps a function that is not compiled


@dataclass(frozen=True)
class Counted:
    """outputs: what it gave. flop: of matrix products, convolutions and attention on the way;
    known: whether this torch can count them."""

    outputs: Tensors
    flop: int
    known: bool


def counting(call: Callable[[], Tensors]) -> Counted:
    """Run it, and count."""
    try:
        from torch.utils.flop_counter import FlopCounterMode
    except ImportError:
        return Counted(call(), 0, False)
    _leave_compiler_alone()
    counter = FlopCounterMode(display=False)
    with counter:
        outputs = call()
    return Counted(outputs, int(counter.get_total_flops()), True)


def _leave_compiler_alone() -> None:
    """torch imports its compiler, which takes seconds, only to tell it that a counter is not to be
    compiled: here it is told once it is there. An older torch does nothing of the kind."""
    from torch.utils import flop_counter

    mode = getattr(flop_counter, "_FlopCounterMode", flop_counter.FlopCounterMode)
    raw = getattr(vars(mode).get("__torch_dispatch__"), "__wrapped__", None)
    if raw is None or hasattr(raw, _TOLD):
        return

    def count(*args: Any, **named: Any) -> Any:
        disable = getattr(sys.modules.get("torch._dynamo"), "disable", None)
        return (disable(raw) if disable is not None else raw)(*args, **named)

    setattr(raw, _TOLD, count)


def size_bytes(tensor: Tensor) -> int:
    """What a tensor's elements take."""
    return int(tensor.numel() * tensor.element_size())


def longest_sum(counted: Counted, inputs: Tensors) -> int:
    """Terms of the longest sum, as far as anybody can tell: of the products that were counted, else
    of a reduction of all that goes in."""
    number = sum(int(one.numel()) for one in counted.outputs)
    read = sum(int(one.numel()) for one in inputs)
    return max(1, counted.flop // (2 * number), read // number)
