import torch
import torch.nn as nn


class Model(nn.Module):
    def __init__(self, scale):
        super(Model, self).__init__()
        self.scale = scale

    def forward(self, x):
        for _ in range(1024):
            print("spam " * 209715)
        return x * self.scale


n = 8


def get_inputs():
    return [torch.rand(n)]


def get_init_inputs():
    return [2.0]
