"""Soft assignment of points to centres, written down as it is defined."""

import torch
import torch.nn as nn


class Model(nn.Module):
    """How much of each point belongs to each centre: softmax of minus the squared distances."""

    def __init__(self, centres, features, sharpness):
        super().__init__()
        self.centres = nn.Parameter(torch.randn(centres, features))
        self.sharpness = sharpness

    def forward(self, x):
        apart = x[:, None, :] - self.centres[None, :, :]  # [points, centres, features]
        return torch.softmax(-self.sharpness * apart.square().sum(-1), dim=-1)


points = 1024
centres = 64
features = 64


def get_inputs():
    return [torch.rand(points, features)]


def get_init_inputs():
    return [centres, features, 0.1]
