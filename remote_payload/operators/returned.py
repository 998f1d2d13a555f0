"""What a provider returned, taken as it lies there.

A class of a provider's own may compute when it is iterated or cloned, which is after the clock has
stopped: containers are read past what their classes make of it, and such tensors are none.
"""

from __future__ import annotations

from typing import Any, Dict, List, Tuple, Union

import torch


def is_plain(tensor: Any) -> bool:
    """Whether it is of the class that torch itself gives a tensor on that device."""
    usual = type(torch.empty(0, device=tensor.device))
    return type(tensor) in (usual, torch.Tensor, torch.nn.Parameter)


def parts(value: Union[Tuple[Any, ...], List[Any]]) -> Tuple[Any, ...]:
    """What a tuple or a list holds."""
    held: Any = tuple if isinstance(value, tuple) else list
    return tuple(held.__iter__(value))


def entries(value: Dict[Any, Any]) -> Tuple[Tuple[Any, Any], ...]:
    """What a dict holds, by its keys."""
    return tuple(dict.items(value))
