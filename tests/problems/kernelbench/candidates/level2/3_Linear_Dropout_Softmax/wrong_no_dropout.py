"""Drops nothing."""

import torch
import torch.nn as nn


class ModelNew(nn.Module):
    def __init__(self, features, p):
        super().__init__()
        self.linear = nn.Linear(features, features)

    def forward(self, x):
        return torch.softmax(self.linear(x), dim=-1)
