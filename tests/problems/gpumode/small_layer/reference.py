import torch
import torch.nn.functional as F
from task import Config, input_t, output_t
from utils import match_against


def ref_kernel(data: input_t) -> output_t:
    config, weights, x = data
    normed = x * torch.rsqrt(x.square().mean(-1, keepdim=True) + config.eps)
    normed = normed * weights["norm"]
    inner = F.silu(normed @ weights["gate"].T) * (normed @ weights["up"].T)
    return x + inner @ weights["down"].T


def generate_input(tokens: int, hidden: int, inner: int, eps: float, seed: int) -> input_t:
    # YAML 1.1 reads 1e-1, without a point, as a text.
    config = Config(tokens, hidden, inner, float(eps))
    gen = torch.Generator(device="cuda")
    gen.manual_seed(seed)

    def normal(*shape: int) -> torch.Tensor:
        made = torch.randn(*shape, device="cuda", dtype=config.dtype, generator=gen)
        return made * shape[-1] ** -0.5

    weights = {name: normal(inner, hidden) for name in config.names[:2]}
    weights["down"] = normal(hidden, inner)
    weights["norm"] = torch.ones(hidden, device="cuda", dtype=config.dtype)
    x = torch.randn(tokens, hidden, device="cuda", dtype=config.dtype, generator=gen)
    return config, weights, x


check_implementation = match_against(ref_kernel, rtol=1e-4, atol=1e-4)
