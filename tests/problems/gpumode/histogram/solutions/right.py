import torch
from task import input_t, output_t


def custom_kernel(data: input_t) -> output_t:
    values, bins = data
    counts = torch.zeros(bins, dtype=torch.int64, device=values.device)
    return counts.index_add_(0, values.long(), torch.ones_like(values, dtype=torch.int64))
