"""How much work an attention shape is; the basis of every TFLOPS and roofline figure."""

from __future__ import annotations

from remote_payload.contract.case import Shape


def flops(shape: Shape) -> int:
    """4·B·H·S²·D: two multiply-adds per score (QKᵀ) and two per weighted value (PV).

    A causal mask needs half of it. Exponentials are counted apart (`exponentials`), as in the
    FlashAttention papers (arXiv 2205.14135 and 2407.08608).
    """
    dense = 4 * shape.batch * shape.heads * shape.seq**2 * shape.dim
    return dense // 2 if shape.causal else dense


def minimum_bytes(shape: Shape) -> int:
    """Compulsory traffic: q, k and v read once, the output written once."""
    return 4 * shape.batch * shape.heads * shape.seq * shape.dim * shape.dtype.size_bytes


def exponentials(shape: Shape) -> int:
    """One exponential per score, B·H·S²; half when causal."""
    dense = shape.batch * shape.heads * shape.seq**2
    return dense // 2 if shape.causal else dense


def intensity(shape: Shape) -> float:
    """Arithmetic intensity in FLOP per byte of compulsory traffic."""
    return flops(shape) / minimum_bytes(shape)


def tflops(shape: Shape, total_us: float) -> float:
    """Achieved TFLOPS of one call that took total_us microseconds."""
    return flops(shape) / total_us / 1e6


def per_head_us(shape: Shape, total_us: float) -> float:
    """Total latency divided by the head count; the batch is not divided out."""
    return total_us / shape.heads
