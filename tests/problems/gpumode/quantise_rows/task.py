from typing import TypedDict

import torch

input_t = torch.Tensor
# The quantised rows and their scales.
output_t = tuple[torch.Tensor, torch.Tensor]


class TestSpec(TypedDict):
    rows: int
    cols: int
    spread: float
    seed: int
