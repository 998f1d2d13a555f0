import torch
from task import input_t, output_t
from utils import Exact


@Exact()
def ref_kernel(data: input_t) -> output_t:
    a, b, scale = data
    return (scale * (a.float() @ b.float())).to(a.dtype)


def generate_input(m: int, n: int, k: int, dtype: str, seed: int) -> input_t:
    gen = torch.Generator(device="cuda")
    gen.manual_seed(seed)
    kind = getattr(torch, dtype)
    a = torch.randn((m, k), dtype=torch.float32, device="cuda", generator=gen).to(kind)
    b = torch.randn((k, n), dtype=torch.float32, device="cuda", generator=gen).to(kind)
    return a, b, k**-0.5


def check_implementation(data: input_t, output: output_t) -> tuple[bool, str]:
    """One rounding to the output's precision is allowed: 4 units in the last place of 1."""
    wanted = ref_kernel(data)
    if output.shape != wanted.shape or output.dtype != wanted.dtype:
        return False, f"expected {wanted.dtype} {tuple(wanted.shape)}"
    most = float((output.float() - wanted.float()).abs().max())
    allowed = 4 * torch.finfo(wanted.dtype).eps
    return most <= allowed, f"off by {most:.3g}, {allowed:.3g} allowed"
