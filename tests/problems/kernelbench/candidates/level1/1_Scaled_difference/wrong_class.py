"""The class is called Model, not ModelNew."""

import torch.nn as nn


class Model(nn.Module):
    def forward(self, a, b, scale):
        return (a - b) * scale
