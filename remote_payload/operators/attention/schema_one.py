"""What a case was in files of schema 1, which knew attention alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Dict

from remote_payload.contract.dtypes import DType

# The fields that count something, and the axes that they became.
SIZES = {"batch": "B", "heads": "H", "seq": "S", "dim": "D"}


@dataclass(frozen=True)
class Shape:
    """Its fields, as those files name them."""

    batch: int
    heads: int
    seq: int
    dim: int
    dtype: DType
    causal: bool = False

    @property
    def case(self) -> Dict[str, Any]:
        """The case that it is, as it stands in files of today."""
        axes = [[symbol, getattr(self, name)] for name, symbol in SIZES.items()]
        axes += [["causal", True]] if self.causal else []
        return {"operator": "attention", "axes": axes, "dtype": self.dtype.value}
