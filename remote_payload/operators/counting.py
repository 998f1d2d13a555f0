"""How much work a reference does, counted while it runs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Callable, Tuple

Tensor = Any
Tensors = Tuple[Tensor, ...]


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
    counter = FlopCounterMode(display=False)
    with counter:
        outputs = call()
    return Counted(outputs, int(counter.get_total_flops()), True)


def size_bytes(tensor: Tensor) -> int:
    """What a tensor's elements take."""
    return int(tensor.numel() * tensor.element_size())


def longest_sum(counted: Counted, inputs: Tensors) -> int:
    """Terms of the longest sum, as far as anybody can tell: of the products that were counted, else
    of a reduction of all that goes in."""
    number = sum(int(one.numel()) for one in counted.outputs)
    read = sum(int(one.numel()) for one in inputs)
    return max(1, counted.flop // (2 * number), read // number)
