"""Does not look at `largest`."""

import torch
from task import input_t, output_t


def custom_kernel(data: input_t) -> output_t:
    return tuple(torch.topk(data.scores, data.k, dim=-1))
