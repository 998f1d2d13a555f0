import torch
import torch.nn as nn


class ModelNew(nn.Module):
    """Draws once, as Model does: right where both are run with the same seed."""

    def __init__(self, features, p):
        super().__init__()
        self.linear = nn.Linear(features, features)
        self.p = p

    def forward(self, x):
        x = torch.addmm(self.linear.bias, x, self.linear.weight.T)
        x = nn.functional.dropout(x, self.p, training=self.training)
        e = torch.exp(x - x.amax(-1, keepdim=True))
        return e / e.sum(-1, keepdim=True)
