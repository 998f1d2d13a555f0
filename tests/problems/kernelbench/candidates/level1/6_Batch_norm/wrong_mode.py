"""As in evaluation: by running statistics, which are 0 and 1 at the beginning."""

import torch.nn as nn


class ModelNew(nn.Module):
    def __init__(self, num_features):
        super().__init__()
        self.bn = nn.BatchNorm2d(num_features).eval()

    def forward(self, x):
        return self.bn.eval()(x)
