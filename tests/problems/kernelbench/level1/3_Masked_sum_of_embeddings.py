import torch
import torch.nn as nn


class Model(nn.Module):
    """
    Integer and bool inputs: rows of a table, summed where a mask says so.
    """

    def __init__(self, entries: int, features: int):
        super(Model, self).__init__()
        self.table = nn.Embedding(entries, features)

    def forward(self, tokens: torch.Tensor, kept: torch.Tensor) -> torch.Tensor:
        return (self.table(tokens) * kept.unsqueeze(-1)).sum(dim=1)


entries = 90
features = 24
batch_size = 5
length = 13


def get_inputs():
    tokens = torch.randint(0, entries, (batch_size, length))
    kept = torch.rand(batch_size, length) > 0.4
    return [tokens, kept]


def get_init_inputs():
    return [entries, features]
