"""A folder that travels as a whole: this file and its helper here, CUDA below, headers beside."""

import torch
from masks import hidden


def attention(q, k, v, causal, scale):
    scores = (q.float() @ k.float().transpose(-1, -2)) * scale
    if causal:
        scores = scores.masked_fill(hidden(q, k), float("-inf"))
    return (torch.softmax(scores, -1) @ v.float()).to(q.dtype)
