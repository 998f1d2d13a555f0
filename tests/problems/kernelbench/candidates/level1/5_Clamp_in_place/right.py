import torch.nn as nn


class ModelNew(nn.Module):
    def __init__(self, low, high):
        super().__init__()
        self.low, self.high = low, high

    def forward(self, x):
        # A new tensor: the answer is what is asked for.
        return (x - 0.5).clamp(self.low, self.high)
