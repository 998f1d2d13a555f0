"""Does not look at the mask."""

import torch.nn as nn


class ModelNew(nn.Module):
    def __init__(self, entries, features):
        super().__init__()
        self.table = nn.Embedding(entries, features)

    def forward(self, tokens, kept):
        return self.table(tokens).sum(1)
