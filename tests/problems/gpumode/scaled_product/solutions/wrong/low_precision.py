"""Rounds A and B to float8 first."""

import torch
from task import input_t, output_t


def custom_kernel(data: input_t) -> output_t:
    a, b, scale = data
    rough_a, rough_b = (t.to(torch.float8_e4m3fn).float() for t in (a, b))
    return (scale * (rough_a @ rough_b)).to(a.dtype)
