import torch
import torch.nn as nn
import torch.nn.functional as F


class Model(nn.Module):
    """
    A convolution, ReLU and a scale; keyword arguments for the constructor have defaults.
    """

    def __init__(self, in_channels, out_channels, kernel_size, stride=1, padding=0, scale=2.0):
        super(Model, self).__init__()
        self.conv = nn.Conv2d(
            in_channels, out_channels, kernel_size, stride=stride, padding=padding
        )
        self.scale = scale

    def forward(self, x):
        return F.relu(self.conv(x)) * self.scale


batch_size = 2
in_channels = 3
out_channels = 8
height, width = 12, 10
kernel_size = (3, 3)


def get_inputs():
    x = torch.rand(batch_size, in_channels, height, width)
    return [x]


def get_init_inputs():
    return [in_channels, out_channels, kernel_size]
