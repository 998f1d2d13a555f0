import torch
from task import input_t, output_t


def custom_kernel(data: input_t) -> output_t:
    config, weights, x = data
    rms = torch.sqrt(x.pow(2).sum(-1, keepdim=True) / config.hidden + config.eps)
    both = torch.cat((weights["gate"], weights["up"]))
    gate, up = torch.split(x / rms * weights["norm"] @ both.T, config.inner, dim=-1)
    return torch.addmm(x, gate * torch.sigmoid(gate) * up, weights["down"].T)
