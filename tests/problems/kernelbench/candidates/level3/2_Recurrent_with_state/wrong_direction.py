"""Does not look at the flag among its inputs."""

import torch
import torch.nn as nn


class ModelNew(nn.Module):
    def __init__(self, input_size, hidden_size, num_layers=2):
        super().__init__()
        self.gru = nn.GRU(input_size, hidden_size, num_layers, batch_first=True)
        self.register_buffer("start", torch.randn(num_layers, 1, hidden_size))

    def forward(self, x, lengths, reverse=False):
        out, state = self.gru(x, self.start.repeat(1, len(x), 1))
        return torch.stack([out[i, n - 1] for i, n in enumerate(lengths)]), {"state": state}
