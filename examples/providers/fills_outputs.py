"""Destination-passing: behind the inputs, a parameter called like the output, which it fills."""

import torch


def attention(q, k, v, out, causal, scale):
    scores = (q.float() @ k.float().transpose(-1, -2)) * scale
    if causal:
        scores = scores.masked_fill(torch.ones_like(scores).tril().logical_not(), float("-inf"))
    out.copy_(torch.softmax(scores, -1) @ v.float())
