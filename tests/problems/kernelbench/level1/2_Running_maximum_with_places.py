import torch
import torch.nn as nn


class Model(nn.Module):
    """
    Two outputs: the running maximum along an axis, and where it stands.
    """

    def __init__(self, dim: int):
        super(Model, self).__init__()
        self.dim = dim

    def forward(self, x: torch.Tensor):
        values, places = torch.cummax(x, dim=self.dim)
        return values, places


batch_size = 6
length = 50
dim = 1


def get_inputs():
    x = torch.rand(batch_size, length)
    return [x]


def get_init_inputs():
    return [dim]
