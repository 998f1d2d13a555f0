import torch
import torch.nn as nn


class Model(nn.Module):
    def __init__(self, input_size, layer_sizes, output_size):
        """
        :param layer_sizes: a list: the width of each hidden layer
        """
        super(Model, self).__init__()
        layers = []
        for width in layer_sizes:
            layers.append(nn.Linear(input_size, width))
            layers.append(nn.ReLU())
            input_size = width
        layers.append(nn.Linear(input_size, output_size))
        self.network = nn.Sequential(*layers)

    def forward(self, x):
        return self.network(x)


# Test code
batch_size = 3
input_size = 50
layer_sizes = [40, 30, 20]
output_size = 10


def get_inputs():
    return [torch.rand(batch_size, input_size)]


def get_init_inputs():
    return [input_size, layer_sizes, output_size]
