import torch
from task import input_t, output_t


def custom_kernel(data: input_t) -> output_t:
    a, b, scale = data
    return torch.matmul(a.float(), b.float()).mul_(scale).to(a.dtype)
