"""The right counts, as int32."""

import torch
from task import input_t, output_t


def custom_kernel(data: input_t) -> output_t:
    values, bins = data
    return torch.bincount(values.long(), minlength=bins).int()
