"""The same from one matrix product: no tensor of [points, centres, features] is made.

|x - c|² = |x|² - 2 x·c + |c|², and |x|² is the same for all centres, so that softmax drops it.
"""

import torch
import torch.nn as nn


class ModelNew(nn.Module):
    def __init__(self, centres, features, sharpness):
        super().__init__()
        self.centres = nn.Parameter(torch.randn(centres, features))  # drawn as Model draws it
        self.sharpness = sharpness

    def forward(self, x):
        lengths = self.centres.square().sum(-1)  # [centres]
        nearness = torch.addmm(
            lengths, x, self.centres.T, beta=-self.sharpness, alpha=2 * self.sharpness
        )
        return torch.softmax(nearness, dim=-1)
