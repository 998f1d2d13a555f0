import torch
import torch.distributed as dist
from task import input_t, output_t
from utils import match_against


def ref_kernel(data: input_t) -> output_t:
    vector, _ = data
    total = vector.clone()
    dist.all_reduce(total)
    return total


def generate_input(rank: int, world_size: int, n: int, seed: int) -> input_t:
    gen = torch.Generator(device=f"cuda:{rank}")
    gen.manual_seed(seed + rank)
    return torch.randn(n, device=f"cuda:{rank}", generator=gen), rank


check_implementation = match_against(ref_kernel, rtol=1e-4, atol=1e-5)
