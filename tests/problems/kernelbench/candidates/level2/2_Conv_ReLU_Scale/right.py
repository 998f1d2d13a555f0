import torch
import torch.nn as nn
import torch.nn.functional as F


class ModelNew(nn.Module):
    def __init__(self, in_channels, out_channels, kernel_size):
        super().__init__()
        self.conv = nn.Conv2d(in_channels, out_channels, kernel_size)
        self.size = kernel_size

    def forward(self, x):
        rows, cols = (n - k + 1 for n, k in zip(x.shape[2:], self.size))
        out = self.conv.weight.flatten(1) @ F.unfold(x, self.size) + self.conv.bias[:, None]
        return 2 * torch.relu(out).unflatten(-1, (rows, cols))
