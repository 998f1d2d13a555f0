"""Quantises to float8_e5m2, with the right scales."""

import torch
from task import input_t, output_t


def custom_kernel(data: input_t) -> output_t:
    scales = data.float().abs().amax(1).clamp(min=1e-12) / 448
    return (data.float() / scales[:, None]).to(torch.float8_e5m2), scales
