import torch
from task import input_t, output_t
from utils import Exact, complaint


@Exact()
def ref_kernel(data: input_t) -> output_t:
    q, (cache, (queries, keys)), settings, _ = data
    scale = settings["scale"] or q.shape[-1] ** -0.5
    scores = scale * (q @ cache["k"].T)
    # The last query stands at the last key.
    at = torch.arange(queries, device=q.device)[:, None] + keys - queries
    key = torch.arange(keys, device=q.device)[None, :]
    if settings["mode"] == "causal":
        scores = scores.masked_fill(key > at, float("-inf"))
    if settings["window"] is not None:
        scores = scores.masked_fill((at - key).abs() >= settings["window"], float("-inf"))
    return {"out": scores.softmax(-1) @ cache["v"], "lse": scores.logsumexp(-1)}


def generate_input(queries: int, keys: int, dim: int, mode: str, window: int, seed: int) -> input_t:
    gen = torch.Generator(device="cuda")
    gen.manual_seed(seed)
    q = torch.randn(queries, dim, device="cuda", generator=gen)
    k = torch.randn(keys, dim, device="cuda", generator=gen)
    v = torch.randn(keys, dim, device="cuda", generator=gen)
    settings = {
        "mode": mode,
        "scale": 0.2 if mode == "full" else None,
        "window": window or None,
    }
    return q, ({"k": k, "v": v}, [queries, keys]), settings, None


def check_implementation(data: input_t, output: output_t) -> tuple[bool, str]:
    wanted = ref_kernel(data)
    if not isinstance(output, dict) or set(output) != set(wanted):
        return False, f"a dict of {sorted(wanted)} was expected"
    for name in wanted:
        said = complaint(output[name], wanted[name], rtol=1e-3, atol=1e-4)
        if said:
            return False, f"{name}: {said}"
    return True, "all is well"
