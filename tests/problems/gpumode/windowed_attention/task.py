from typing import Any, Optional, TypedDict

import torch


class Settings(TypedDict):
    mode: str
    scale: Optional[float]
    window: Optional[int]


# q, ({"k": …, "v": …}, [lengths…]), settings, None: there is no mask.
input_t = tuple[torch.Tensor, tuple[dict[str, torch.Tensor], list[int]], Settings, Any]
output_t = dict[str, torch.Tensor]


class TestSpec(TypedDict):
    queries: int
    keys: int
    dim: int
    mode: str
    window: int
    seed: int
