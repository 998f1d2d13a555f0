"""Element types: a row each, and nothing else anywhere that would have to know of a new one."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Dict


class DType(str, Enum):
    """Element type of an operator's tensors."""

    FP16 = "fp16"
    BF16 = "bf16"
    FP32 = "fp32"
    FP64 = "fp64"
    FP8_E4M3 = "fp8_e4m3"
    FP8_E5M2 = "fp8_e5m2"
    INT64 = "int64"
    INT32 = "int32"
    INT16 = "int16"
    INT8 = "int8"
    UINT8 = "uint8"
    BOOL = "bool"

    @property
    def size_bytes(self) -> int:
        return ROWS[self].size_bytes

    @property
    def rounds(self) -> bool:
        """Whether it is one of floating-point numbers."""
        return self not in WHOLE

    @property
    def facts(self) -> Row:
        return ROWS[self]


@dataclass(frozen=True)
class Row:
    """torch: its name there. precision: bits of the significand, the hidden one included, so that
    rounding to nearest is off by 2^-precision of the value at most. least_exponent: of the smallest
    normal number, 2^least_exponent. tensor_times: of the documented dense FP16 rate of tensor
    cores, what products of this type run at, by NVIDIA's data sheets of every GPU in
    `performance.device` (FP32: as TF32); 0 where tensor cores do not take it.
    """

    torch: str
    size_bytes: int
    precision: int
    least_exponent: int
    tensor_times: float


# IEEE 754 binary16, bfloat16, binary32, binary64; FP8 as in arXiv 2209.05433.
ROWS: Dict[DType, Row] = {
    DType.FP16: Row("float16", 2, 11, -14, 1.0),
    DType.BF16: Row("bfloat16", 2, 8, -126, 1.0),
    DType.FP32: Row("float32", 4, 24, -126, 0.5),
    DType.FP64: Row("float64", 8, 53, -1022, 0.0),
    DType.FP8_E4M3: Row("float8_e4m3fn", 1, 4, -6, 2.0),
    DType.FP8_E5M2: Row("float8_e5m2", 1, 3, -14, 2.0),
    # Whole numbers, of which nothing is rounded; that of tensor cores is for 8 bits alone.
    DType.INT64: Row("int64", 8, 64, 0, 0.0),
    DType.INT32: Row("int32", 4, 32, 0, 0.0),
    DType.INT16: Row("int16", 2, 16, 0, 0.0),
    DType.INT8: Row("int8", 1, 8, 0, 2.0),
    DType.UINT8: Row("uint8", 1, 8, 0, 2.0),
    DType.BOOL: Row("bool", 1, 1, 0, 0.0),
}
WHOLE = (DType.INT64, DType.INT32, DType.INT16, DType.INT8, DType.UINT8, DType.BOOL)
