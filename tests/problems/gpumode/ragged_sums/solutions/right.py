import torch
from task import input_t, output_t


def custom_kernel(data: input_t) -> output_t:
    rows, starts = data
    lengths = starts.diff().long()
    segment = torch.arange(len(lengths), device=rows.device).repeat_interleave(lengths)
    return rows.new_zeros(len(lengths), rows.shape[1]).index_add_(0, segment, rows)
