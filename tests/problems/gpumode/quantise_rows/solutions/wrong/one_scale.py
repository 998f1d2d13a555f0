"""One scale for all rows."""

import torch
from task import input_t, output_t


def custom_kernel(data: input_t) -> output_t:
    scales = (data.float().abs().max() / 448).expand(data.shape[0]).contiguous()
    return (data.float() / scales[:, None]).to(torch.float8_e4m3fn), scales
