import torch
import torch.nn as nn


class ModelNew(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.dim = dim

    def forward(self, x):
        most, place = (
            x.select(self.dim, 0),
            torch.zeros_like(x.select(self.dim, 0), dtype=torch.long),
        )
        values, places = [], []
        for i in range(x.shape[self.dim]):
            one = x.select(self.dim, i)
            place = torch.where(one >= most, i, place)
            most = torch.maximum(most, one)
            values.append(most)
            places.append(place)
        return torch.stack(values, self.dim), torch.stack(places, self.dim)
