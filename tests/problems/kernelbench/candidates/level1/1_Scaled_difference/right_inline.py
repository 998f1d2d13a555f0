"""Right: C++ by load_inline, for tensors on the CPU."""

import torch
import torch.nn as nn
from torch.utils.cpp_extension import load_inline

source = """
#include <torch/extension.h>

torch::Tensor scaled_difference(torch::Tensor a, torch::Tensor b, double scale) {
  auto out = torch::empty_like(a);
  const float *pa = a.data_ptr<float>(), *pb = b.data_ptr<float>();
  float* po = out.data_ptr<float>();
  for (int64_t i = 0; i < a.numel(); ++i) po[i] = (pa[i] - pb[i]) * static_cast<float>(scale);
  return out;
}
"""

scaled = load_inline(
    name="scaled_difference",
    cpp_sources=source,
    functions=["scaled_difference"],
    verbose=False,
)


class ModelNew(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.scaled = scaled

    def forward(self, a: torch.Tensor, b: torch.Tensor, scale: float) -> torch.Tensor:
        return self.scaled.scaled_difference(a, b, scale)
