from typing import NamedTuple, TypedDict

import torch


class input_t(NamedTuple):
    scores: torch.Tensor
    k: int
    largest: bool


output_t = tuple[torch.Tensor, torch.Tensor]


class TestSpec(TypedDict):
    rows: int
    vocabulary: int
    k: int
    largest: bool
    seed: int
