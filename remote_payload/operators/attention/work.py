"""How much work an attention case is; the basis of every TFLOPS and roofline figure."""

from __future__ import annotations

from remote_payload.contract.case import Case
from remote_payload.contract.facts import Work


def work(case: Case) -> Work:
    """4·D FLOP for each score that is not masked: two multiply-adds for QKᵀ, two for PV; and one
    exponential, counted apart as in the FlashAttention papers (arXiv 2205.14135 and 2407.08608).

    q, and of k and v what any query sees, are read once, the output is written once.
    """
    heads, dim = case.size("B") * case.size("H"), case.size("D")
    seen = heads * scores(case)
    written = heads * case.size("S") * dim
    keys = case.size("B") * kv_heads(case) * _keys_seen(case) * dim
    size_bytes = case.dtype.size_bytes
    traffic = (2 * written + 2 * keys) * size_bytes
    return Work(4 * dim * seen, traffic, written * size_bytes, seen)


def kv_heads(case: Case) -> int:
    return case.size("Hkv", case.size("H"))


def kv_seq(case: Case) -> int:
    return case.size("Skv", case.size("S"))


def most_keys(case: Case) -> int:
    """Keys that the query sees that sees the most."""
    return min(kv_seq(case), case.size("W", 0) or kv_seq(case))


def scores(case: Case) -> int:
    """Scores of one head that the mask lets through; of a square causal mask half the square, as
    everybody counts it, and never none."""
    queries, keys = case.size("S"), kv_seq(case)
    window = case.size("W", 0)
    if not case.flag("causal"):
        return queries * keys
    if 0 < window < keys:
        first = keys - queries + 1  # keys up to the first query's own
        growing = max(0, min(queries, window - first + 1))
        return growing * first + growing * (growing - 1) // 2 + (queries - growing) * window
    if queries == keys:
        return max(1, queries * queries // 2)
    return queries * (keys - queries) + queries * (queries + 1) // 2


def _keys_seen(case: Case) -> int:
    window = case.size("W", 0)
    return min(kv_seq(case), window + case.size("S") - 1) if window else kv_seq(case)
