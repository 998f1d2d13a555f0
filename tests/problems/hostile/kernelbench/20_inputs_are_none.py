import torch
import torch.nn as nn


class Model(nn.Module):
    def __init__(self, scale):
        super(Model, self).__init__()
        self.scale = scale

    def forward(self, x):
        return x * self.scale


n = 8


def get_inputs():
    torch.rand(n)


def get_init_inputs():
    return [2.0]
