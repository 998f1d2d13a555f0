import torch
import torch.nn as nn


class Model(nn.Module):
    """
    Clamps its input in place and returns it.
    """

    def __init__(self, low: float, high: float):
        super(Model, self).__init__()
        self.low = low
        self.high = high

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x.sub_(0.5)
        return x.clamp_(self.low, self.high)


shape = (7, 11, 13)


def get_inputs():
    return [torch.rand(*shape)]


def get_init_inputs():
    return [-0.25, 0.25]
