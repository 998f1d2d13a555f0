import torch
import torch.nn as nn


class Model(nn.Module):
    """
    Batch norm as it is constructed, so in training mode: by the statistics of the batch, which it
    takes into its running ones.
    """

    def __init__(self, num_features: int):
        super(Model, self).__init__()
        self.bn = nn.BatchNorm2d(num_features=num_features)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.bn(x)


batch_size = 4
features = 6
height = width = 9


def get_inputs():
    return [3 * torch.rand(batch_size, features, height, width) - 1]


def get_init_inputs():
    return [features]
