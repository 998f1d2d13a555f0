import torch
import torch.nn as nn


class ModelNew(nn.Module):
    def __init__(self, entries, features):
        super().__init__()
        self.table = nn.Embedding(entries, features)

    def forward(self, tokens, kept):
        return torch.einsum("bl,blf->bf", kept.to(self.table.weight.dtype), self.table(tokens))
