"""What is computed: out = a + b, of any length."""

import torch

title = "vector add"
axes = {"N": [1 << 20, 1 << 26]}  # a list is a sweep
cpu_axes = {"N": 1 << 20}  # where there is no GPU
dtypes = ["fp32", "fp16", "bf16"]  # the first is what runs unless --dtype says otherwise


def inputs(N, dtype, generator):
    return {name: torch.randn(N, dtype=dtype, generator=generator) for name in ("a", "b")}


def reference(a, b):
    return a + b


def work(N):
    return {"flop": N}  # the bytes of inputs and outputs are counted
