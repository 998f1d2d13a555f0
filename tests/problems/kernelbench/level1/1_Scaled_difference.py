import torch
import torch.nn as nn


class Model(nn.Module):
    """
    The scaled difference of two matrices, for each row.
    """

    def __init__(self):
        super(Model, self).__init__()

    def forward(self, a: torch.Tensor, b: torch.Tensor, scale: float) -> torch.Tensor:
        """
        Args:
            a, b: (rows, cols)
            scale: a number, not a tensor

        Returns:
            (rows, cols)
        """
        return (a - b) * scale


rows = 48
cols = 33 * 2


def get_inputs():
    a = torch.rand(rows, cols)
    b = torch.rand(rows, cols)
    return [a, b, 1.5]


def get_init_inputs():
    return []  # The constructor takes nothing
