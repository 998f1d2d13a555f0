import math

import torch
from task import input_t, output_t


def custom_kernel(data: input_t) -> output_t:
    q, (cache, (queries, keys)), settings, _ = data
    ahead = torch.arange(keys, device=q.device)[None, :] - (
        torch.arange(queries, device=q.device)[:, None] + keys - queries
    )
    seen = torch.ones_like(ahead, dtype=torch.bool)
    if settings["mode"] == "causal":
        seen &= ahead <= 0
    if settings["window"] is not None:
        seen &= ahead.abs() < settings["window"]
    scores = torch.where(seen, q @ cache["k"].T, -math.inf)
    scores *= settings["scale"] or 1 / math.sqrt(q.shape[-1])
    lse = scores.logsumexp(-1)
    return {"out": torch.exp(scores - lse[:, None]) @ cache["v"], "lse": lse}
