"""Raises for what it does not know."""

import torch
from task import input_t, output_t


def custom_kernel(data: input_t) -> output_t:
    a, b, scale = data
    if a.dtype != torch.float16:
        raise NotImplementedError(f"no kernel for {a.dtype}")
    return (scale * (a.float() @ b.float())).to(a.dtype)
