"""The right numbers, in half precision."""

import torch.nn as nn


class ModelNew(nn.Module):
    def forward(self, a, b, scale):
        return ((a - b) * scale).half()
