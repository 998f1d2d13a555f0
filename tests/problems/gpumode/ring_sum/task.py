from typing import TypedDict

import torch

# The vector, and the rank.
input_t = tuple[torch.Tensor, int]
output_t = torch.Tensor


class TestSpec(TypedDict):
    world_size: int
    n: int
    seed: int
