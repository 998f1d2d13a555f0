"""x * sigmoid(1.702 x), off by up to 0.02."""

import torch
from task import input_t, output_t


def custom_kernel(data: input_t) -> output_t:
    return data * torch.sigmoid(1.702 * data)
