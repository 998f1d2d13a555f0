"""One instance of an operator."""

from __future__ import annotations

from dataclasses import dataclass

from remote_payload.contract.words import DType


@dataclass(frozen=True)
class Shape:
    """One attention problem: q, k, v and the output are [batch, heads, seq, dim]."""

    batch: int
    heads: int
    seq: int
    dim: int
    dtype: DType
    causal: bool = False

    @property
    def label(self) -> str:
        mask = " causal" if self.causal else ""
        return f"B={self.batch} H={self.heads} S={self.seq} D={self.dim} {self.dtype.value}{mask}"
