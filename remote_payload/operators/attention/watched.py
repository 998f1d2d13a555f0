"""Small cases of our kernel that a tool can watch which slows it down a hundredfold."""

from __future__ import annotations

from remote_payload.contract.dtypes import DType
from remote_payload.operators.attention.definition import attention_case

SMALL = attention_case(1, 2, 200, 64, DType.FP16)
CASES = (SMALL, attention_case(1, 2, 200, 64, DType.FP16, causal=True))
