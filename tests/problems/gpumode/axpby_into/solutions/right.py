import torch
from task import input_t, output_t


def custom_kernel(data: input_t) -> output_t:
    x, y, alpha, beta, out = data
    torch.mul(x, alpha, out=out)
    return out.add_(y, alpha=beta)
