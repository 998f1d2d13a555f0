"""A tensor out of a file of safetensors.

The form, by the format's own page (huggingface/safetensors, README): eight bytes of length, little
endian, a JSON header of {name: {dtype, shape, data_offsets}}, then the bytes of all tensors. Hosts
need nothing but torch for it.
"""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any, Dict

import torch

from remote_payload.operators.user.stated import BadOperator

Tensor = Any
_LENGTH_BYTES = 8
_MOST_HEADER_BYTES = 100 << 20  # as the format allows
_DTYPES: Dict[str, str] = {
    "F64": "float64",
    "F32": "float32",
    "F16": "float16",
    "BF16": "bfloat16",
    "F8_E4M3": "float8_e4m3fn",
    "F8_E5M2": "float8_e5m2",
    "I64": "int64",
    "I32": "int32",
    "I16": "int16",
    "I8": "int8",
    "U8": "uint8",
    "BOOL": "bool",
}


def load(path: Path, key: str) -> Tensor:
    """The tensor of that name, on the CPU; BadOperator if there is none, or the file is no such."""
    try:
        with path.open("rb") as file:
            length = int.from_bytes(file.read(_LENGTH_BYTES), "little")
            if not 2 <= length <= _MOST_HEADER_BYTES:
                raise ValueError("no header")
            header: Any = json.loads(file.read(length))
            if key not in header:
                raise BadOperator(path.name, f"there is no tensor {key!r} in it")
            one = header[key]
            start, end = one["data_offsets"]
            dtype, shape = getattr(torch, _DTYPES[one["dtype"]]), list(one["shape"])
            if not all(type(size) is int and size >= 0 for size in shape):
                raise ValueError("shape")
            size_bytes = math.prod(shape) * torch.empty((), dtype=dtype).element_size()
            if end - start != size_bytes or start < 0:
                raise ValueError("offsets")
            file.seek(_LENGTH_BYTES + length + start)
            data = bytearray(file.read(size_bytes))
        if len(data) != size_bytes:
            raise ValueError("cut short")
        if not data:
            return torch.empty(shape, dtype=dtype)
        return torch.frombuffer(data, dtype=dtype).reshape(shape)
    except OSError as exc:
        raise BadOperator(path.name, f"it cannot be read: {exc.strerror}") from None
    except BadOperator:
        raise
    except (ValueError, KeyError, TypeError, AttributeError) as exc:
        raise BadOperator(path.name, f"no file of safetensors ({exc})") from None
