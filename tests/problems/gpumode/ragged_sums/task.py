from typing import TypedDict

import torch

# The rows of all segments, and where each begins (int32, one more than there are segments).
input_t = tuple[torch.Tensor, torch.Tensor]
output_t = torch.Tensor


class TestSpec(TypedDict):
    lengths: list[int]
    cols: int
    seed: int
