import torch
import torch.nn as nn


class Model(nn.Module):
    """
    A GRU and its last state, beginning with a state that is drawn when it is constructed.
    """

    def __init__(self, input_size: int, hidden_size: int, num_layers: int = 2):
        super(Model, self).__init__()
        self.gru = nn.GRU(input_size, hidden_size, num_layers, batch_first=True)
        self.register_buffer("start", torch.randn(num_layers, 1, hidden_size))

    def forward(self, x: torch.Tensor, lengths: list, reverse: bool = False):
        if reverse:
            x = x.flip(1)
        out, state = self.gru(x, self.start.expand(-1, x.shape[0], -1).contiguous())
        last = torch.stack([out[i, n - 1] for i, n in enumerate(lengths)])
        return last, {"state": state}


batch_size = 3
length = 7


def get_inputs():
    return [torch.rand(batch_size, length, 5), [7, 2, 5], True]


def get_init_inputs():
    return [5, 8]
