"""Two operators in one file, each a class: docs/operators.md.

orchestrator check --host local --operator examples/norms.py:AddLayerNorm
orchestrator check --host local --operator examples/norms.py:L2Normalize
"""

import torch


class AddLayerNorm:
    """What a transformer block does between two layers: several outputs, and a scalar."""

    title = "add + LayerNorm"
    axes = {"rows": 8192, "width": 4096}
    cpu_axes = {"rows": 128, "width": 1024}
    outputs = {"normed": "dtype", "total": "dtype", "rstd": "fp32"}
    scalars = {"eps": 1e-5}
    tolerance = {
        "fp16": {"rtol": 2e-3, "atol": 2e-3},
        "bf16": {"rtol": 1.6e-2, "atol": 1.6e-2},
        "fp32": {"rtol": 1e-5, "atol": 1e-5},
    }
    baseline = "native"

    def inputs(rows, width, dtype, generator):
        def draw(*size):
            return torch.randn(*size, dtype=dtype, generator=generator)

        return {"x": draw(rows, width), "residual": draw(rows, width), "weight": draw(width)}

    def reference(x, residual, weight, eps):
        total = x + residual
        rstd = torch.rsqrt(total.var(-1, correction=0) + eps)
        normed = (total - total.mean(-1, keepdim=True)) * rstd[:, None] * weight
        return normed, total, rstd

    def native(x, residual, weight, eps):
        total = x + residual
        normed, _, rstd = torch.native_layer_norm(
            total.float(), total.shape[-1:], weight.float(), None, eps
        )
        return normed.to(x.dtype), total, rstd[:, 0]

    def by_hand(x, residual, weight, eps):
        total = x + residual
        wide = total.float()
        centred = wide - wide.mean(-1, keepdim=True)
        rstd = torch.rsqrt(centred.square().mean(-1) + eps)
        return (centred * rstd[:, None] * weight).to(x.dtype), total, rstd

    providers = [native, by_hand]


class L2Normalize:
    """Rows of length 1: the least that a file has to say, and a provider."""

    axes = {"rows": 8192, "width": 1024}
    cpu_axes = {"rows": 256}

    def inputs(rows, width, dtype):
        return torch.randn(rows, width, dtype=dtype)

    def reference(x):
        return torch.nn.functional.normalize(x, dim=-1)

    def by_hand(x):
        return (x / x.float().norm(dim=-1, keepdim=True)).to(x.dtype)

    providers = [by_hand]
