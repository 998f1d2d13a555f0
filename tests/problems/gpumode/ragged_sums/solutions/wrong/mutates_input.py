"""The right sums, but the rows are overwritten with their running sums."""

import torch
from task import input_t, output_t


def custom_kernel(data: input_t) -> output_t:
    rows, starts = data
    answer = torch.segment_reduce(rows, "sum", lengths=starts.diff().long(), axis=0)
    rows.cumsum_(0)
    return answer
