import torch
import torch.nn as nn


class Model(nn.Module):
    """
    A linear layer, GELU, and a bias of a given shape.
    """

    def __init__(self, in_features, out_features, bias_shape):
        super(Model, self).__init__()
        self.linear = nn.Linear(in_features, out_features)
        self.bias = nn.Parameter(torch.randn(bias_shape))

    def forward(self, x):
        x = self.linear(x)
        x = torch.nn.functional.gelu(x)
        return x + self.bias


batch_size = 32
in_features = 64
out_features = 40
bias_shape = (out_features,)


def get_inputs():
    return [torch.rand(batch_size, in_features)]


def get_init_inputs():
    return [in_features, out_features, bias_shape]
