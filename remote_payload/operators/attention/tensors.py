"""Attention's half that needs torch: the truth, other inputs, and its providers made callable."""

from __future__ import annotations

from typing import Any, Callable, Dict, Iterator, Tuple

import torch

from remote_payload.contract.case import Case
from remote_payload.operators.attention import ours, peers, sdpa
from remote_payload.operators.attention.catalog import OWN, PEERS
from remote_payload.operators.attention.definition import scalars
from remote_payload.operators.attention.reference import blocks
from remote_payload.operators.base import Block
from remote_payload.operators.drawing import negated
from remote_payload.operators.loaded import Loaded
from remote_payload.operators.setting import Setting

Tensor = Any
Tensors = Tuple[Tensor, ...]


def load(name: str, setting: Setting) -> Loaded:
    """A provider of the catalog; CannotRun says why it cannot be had here."""
    if name in OWN:
        return ours.load(name, setting)
    return peers.load(name, setting) if name in PEERS else sdpa.load(name, setting)


def others(
    case: Case, q: Tensor, k: Tensor, v: Tensor
) -> Tuple[Tensors, Callable[[Tensors], Tensors]]:
    """The same tensors with every head of k and v moved on by one, those of q with them, every sign
    turned, and q doubled, which goes with half the scale.

    Scores stay as they are, so the right answer is the old one, moved and turned: no second
    reference is needed. Who hands out an old answer, adds to it, or never looks at the scale, is
    wrong then.
    """
    shared = q.shape[1] // k.shape[1]
    turned = _turned(q, shared).mul_(2), _turned(k, 1), _turned(v, 1)
    return turned, lambda outputs: (_turned(outputs[0], -shared),)


def other_scalars(case: Case) -> Dict[str, Any]:
    """Half the scale: a power of two, so that no score rounds in another way."""
    return {"scale": scalars(case)["scale"] / 2}


def reference(case: Case, q: Tensor, k: Tensor, v: Tensor) -> Iterator[Block]:
    """The truth of a case."""
    return blocks(q, k, v, **scalars(case))


def _turned(tensor: Tensor, by: int) -> Tensor:
    """`tensor` of [batch, heads, ...] with its heads moved on by `by`, and every sign turned."""
    moved = torch.roll(tensor.flatten(0, 1), by, 0)
    return negated(moved).reshape(tensor.shape)
