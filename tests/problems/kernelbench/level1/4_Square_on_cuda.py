import torch
import torch.nn as nn


class Model(nn.Module):
    """
    The inputs name their device.
    """

    def __init__(self):
        super(Model, self).__init__()

    def forward(self, x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        return torch.square(x) + y


n = 1000


def get_inputs():
    return [torch.rand(n, device="cuda"), torch.rand(n).cuda()]


def get_init_inputs():
    return []
