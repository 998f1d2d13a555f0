import torch
import torch.nn as nn


class ModelNew(nn.Module):
    def __init__(self, in_features, out_features, bias_shape):
        super().__init__()
        self.linear = nn.Linear(in_features, out_features)
        self.bias = nn.Parameter(torch.randn(bias_shape))

    def forward(self, x):
        x = torch.addmm(self.linear.bias, x, self.linear.weight.T)
        return 0.5 * x * (1 + torch.erf(x * 2**-0.5)) + self.bias
