from dataclasses import dataclass, field
from typing import TypedDict

import torch


@dataclass
class Config:
    tokens: int
    hidden: int
    inner: int
    eps: float
    dtype: torch.dtype = torch.float32
    names: list = field(default_factory=lambda: ["gate", "up", "down"])


# The settings, the weights by name, x.
input_t = tuple[Config, dict[str, torch.Tensor], torch.Tensor]
output_t = torch.Tensor


class TestSpec(TypedDict):
    tokens: int
    hidden: int
    inner: int
    eps: float
    seed: int
