"""Softmax of every row, as an operator of one's own: docs/operators.md.

orchestrator profile --host local --operator examples/softmax.py
orchestrator check --operator examples/softmax.py --case M=64,N=512..4096x2 --dtype fp16,bf16
"""

import torch

title = "row softmax"
axes = {"M": 4096, "N": [1024, 4096]}  # a list is a sweep
cpu_axes = {"M": 256, "N": 1024}  # where there is no GPU
dtypes = ["fp16", "bf16", "fp32"]  # the first is what runs unless --dtype says otherwise
per, unit = "M", "µs/row"


def inputs(M, N, dtype, generator):
    return torch.randn(M, N, dtype=dtype, generator=generator)


def reference(x):
    return torch.softmax(x, -1)


def work(M, N):
    return {"flop": 4 * M * N, "exp": M * N}  # the bytes are counted


def two_passes(x):
    """The largest value first, then the sum; intermediate results in fp32."""
    wide = x.float()
    powers = torch.exp(wide - wide.amax(-1, keepdim=True))
    return (powers / powers.sum(-1, keepdim=True)).to(x.dtype)


providers = [two_passes]
