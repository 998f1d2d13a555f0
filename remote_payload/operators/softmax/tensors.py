"""Softmax's half that needs torch."""

from __future__ import annotations

from typing import Any, Iterator

import torch

from remote_payload.contract.case import Case
from remote_payload.operators import torch_provider
from remote_payload.operators.base import Block
from remote_payload.operators.loaded import Loaded
from remote_payload.operators.row_blocks import blocks_of_rows
from remote_payload.operators.setting import Setting

Tensor = Any


def load(name: str, setting: Setting) -> Loaded:
    """A provider by name; CannotRun says why it cannot be had here."""
    if name == "torch-compile":
        return torch_provider.compiled(_softmax, "torch.softmax", setting)
    return torch_provider.eager(_softmax, "torch.softmax")


def reference(case: Case, x: Tensor) -> Iterator[Block]:
    """The truth of a case."""
    for first, (rows,) in blocks_of_rows(x):
        yield Block(first * x.shape[1], rows.softmax(-1))


def _softmax(x: Tensor) -> Tensor:
    return torch.softmax(x, -1)
