from typing import TypedDict

import torch

# The bytes, and the number of bins.
input_t = tuple[torch.Tensor, int]
output_t = torch.Tensor


class TestSpec(TypedDict):
    size: int
    bins: int
    contention: int
    seed: int
