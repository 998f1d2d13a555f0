"""One output instead of two."""

import torch
from task import input_t, output_t


def custom_kernel(data: input_t) -> output_t:
    return torch.topk(data.scores, data.k, dim=-1, largest=data.largest)[0]
