"""Where inputs lie while a provider is timed: never twice running in the same place."""

from __future__ import annotations

import math
from typing import Any, List, Sequence, Tuple

import torch

from remote_payload.operators.judging.poisoning import Form
from remote_payload.stages.bench.race import SHIFTS

Tensor = Any
Tensors = Tuple[Tensor, ...]
# As CUDA's own allocator aligns what it hands out; a step keeps that.
STEP_BYTES = 512


def size_bytes(tensors: Tensors, forms: Sequence[Form]) -> int:
    """Of these inputs, and of outputs of these forms."""
    found = 0
    for size, dtype in forms:
        found += math.prod(size) * torch.empty(0, dtype=dtype).element_size()
    for one in tensors:
        found += one.untyped_storage().nbytes()
    return found


class Room:
    """Memory for inputs of one form, with so much more that they can be moved on a little.

    Who remembers answers by where the inputs lay finds them elsewhere, or others in their place.
    """

    def __init__(self, like: Tensors) -> None:
        """like: tensors on the device, dense ones, whose form all others have."""
        self._rooms: List[Tensor] = [
            torch.empty(
                one.untyped_storage().nbytes() + SHIFTS * STEP_BYTES,
                dtype=torch.uint8,
                device=one.device,
            )
            for one in like
        ]

    def filled(self, tensors: Tensors, shift: int) -> Tensors:
        """Copies of the tensors that lie `shift` steps on, of SHIFTS at most."""
        held = []
        for room, one in zip(self._rooms, tensors):
            size_bytes = one.untyped_storage().nbytes()
            begin = (shift % SHIFTS) * STEP_BYTES
            flat = room[begin : begin + size_bytes].view(one.dtype)
            place = flat.as_strided(one.size(), one.stride(), flat.storage_offset())
            held.append(place.copy_(one))
        return tuple(held)
