import torch
from task import input_t, output_t
from utils import match_against


def ref_kernel(data: input_t) -> output_t:
    data -= data.mean(dim=0)
    return data


def generate_input(rows: int, cols: int, seed: int) -> input_t:
    gen = torch.Generator(device="cuda")
    gen.manual_seed(seed)
    # A mean of 5, which the answer has not.
    return torch.randn(rows, cols, device="cuda", generator=gen).add_(5)


check_implementation = match_against(ref_kernel, rtol=1e-4, atol=1e-4)
