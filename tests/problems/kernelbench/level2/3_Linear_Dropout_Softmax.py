import torch
import torch.nn as nn


class Model(nn.Module):
    """
    Dropout as it is constructed, so in training mode: two runs agree with the same seed alone.
    """

    def __init__(self, features, p):
        super(Model, self).__init__()
        self.linear = nn.Linear(features, features)
        self.dropout = nn.Dropout(p)

    def forward(self, x):
        return torch.softmax(self.dropout(self.linear(x)), dim=-1)


features = 32


def get_inputs():
    return [torch.rand(10, features)]


def get_init_inputs():
    return [features, 0.3]
