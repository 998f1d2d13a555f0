from typing import TypedDict

import torch

# x, y, alpha, beta, out
input_t = tuple[torch.Tensor, torch.Tensor, float, float, torch.Tensor]
output_t = torch.Tensor


class TestSpec(TypedDict):
    n: int
    alpha: float
    seed: int
