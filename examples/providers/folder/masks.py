import torch


def hidden(q, k):
    """The keys that each query does not see, if the last query sees all."""
    queries, keys = q.shape[2], k.shape[2]
    return torch.ones(queries, keys, dtype=torch.bool, device=q.device).triu(1 + keys - queries)
