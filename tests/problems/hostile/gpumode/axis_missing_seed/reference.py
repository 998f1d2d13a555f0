import torch
from task import input_t, output_t


def ref_kernel(data: input_t) -> output_t:
    return data + 1


def generate_input(n: int, seed: int) -> input_t:
    gen = torch.Generator(device="cuda").manual_seed(seed)
    return torch.randn(n, device="cuda", generator=gen)


def check_implementation(data: input_t, output: output_t) -> tuple[bool, str]:
    return torch.allclose(output, ref_kernel(data)), ""
