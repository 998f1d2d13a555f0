"""The tensors every provider gets: seeded, independent, the same on every machine."""

from __future__ import annotations

import contextlib
import ctypes
import hashlib
import math
import os
import shutil
import tempfile
from pathlib import Path
from typing import Any, Tuple, Union

import torch

from remote_payload.contract.case import Case
from remote_payload.contract.dtypes import DType
from remote_payload.operators.base import Input, Output

Tensor = Any
Tensors = Tuple[Tensor, ...]
# A disk that would be filled to more than a share by what can be drawn again is left alone.
_SHARE_OF_FREE_DISK = 4


def torch_dtype(dtype: DType) -> Any:
    """torch's own name for it; AttributeError where this torch has none."""
    return getattr(torch, dtype.facts.torch)


def plain(dtype: Any) -> str:
    """A dtype of torch by its own name, "float16"."""
    return str(dtype).rpartition(".")[2]


def dtype_of(one: Union[Input, Output], case: Case) -> Any:
    """torch's own dtype of what goes in or comes out."""
    return getattr(torch, one.torch) if one.torch else torch_dtype(one.dtype or case.dtype)


def given(inputs: Tuple[Input, ...], case: Case, seed: int, folder: str) -> Tensors:
    """As `make`, but drawn once for all processes of a run, if it has a folder for that.

    One tensor of 16 · 96 · 512 · 64 took 0.8 s to draw and 0.1 s to read back on a CPU. The files
    are mapped privately, so that nobody's writes reach the next process.
    """
    if not folder:
        return make(inputs, case, seed)
    return tuple(_as_asked(one, _kept(one, case, seed, Path(folder))) for one in inputs)


def make(inputs: Tuple[Input, ...], case: Case, seed: int) -> Tensors:
    """The inputs on the CPU.

    Each has its own generator, seeded by (seed, case, name): none is a clone of another, and a
    case's inputs do not depend on which cases ran before it. Drawn on the CPU because CUDA
    generators differ between devices.
    """
    return tuple(_as_asked(one, _draw(one, case, seed)) for one in inputs)


def negated(tensor: Tensor) -> Tensor:
    """Every sign turned, in place where torch can; of FP8 it cannot, but FP32 holds it exactly."""
    if tensor.element_size() > 1:
        return tensor.neg_()
    return tensor.float().neg_().to(tensor.dtype)


def _draw(one: Input, case: Case, seed: int) -> Tensor:
    generator = torch.Generator("cpu")
    generator.manual_seed(int.from_bytes(_digest(one, case, seed)[:8], "little") >> 1)
    how = torch.rand if one.draw == "uniform" else torch.randn
    drawn = how(_size(one), generator=generator, dtype=torch.float32)
    if one.scale != 1.0:
        drawn *= one.scale
    if one.row_scales:
        rows = drawn.view(-1, one.size[-1])
        scales = torch.tensor(one.row_scales)[torch.arange(rows.shape[0]) % len(one.row_scales)]
        rows *= scales[:, None]
    return drawn.to(torch_dtype(one.dtype or case.dtype))


def _size(one: Input) -> Tuple[int, ...]:
    """As it lies in memory."""
    return (*one.size[:-2], one.size[-1], one.size[-2]) if one.by_columns else one.size


def _as_asked(one: Input, lying: Tensor) -> Tensor:
    return lying.transpose(-2, -1) if one.by_columns else lying


def _kept(one: Input, case: Case, seed: int, folder: Path) -> Tensor:
    path = folder / _digest(one, case, seed).hex()
    if not path.is_file():
        drawn = _draw(one, case, seed)
        with contextlib.suppress(OSError):
            _keep(drawn, path)
        return drawn
    dtype, elements = torch_dtype(one.dtype or case.dtype), math.prod(one.size)
    return torch.from_file(str(path), shared=False, size=elements, dtype=dtype).view(_size(one))


def _keep(tensor: Tensor, path: Path) -> None:
    """Written whole or not at all."""
    size_bytes = tensor.numel() * tensor.element_size()
    path.parent.mkdir(exist_ok=True)
    if shutil.disk_usage(path.parent).free < _SHARE_OF_FREE_DISK * size_bytes:
        return
    handle, partial = tempfile.mkstemp(dir=str(path.parent), suffix=".partial")
    try:
        with open(handle, "wb") as file:
            file.write((ctypes.c_char * size_bytes).from_address(tensor.data_ptr()))
        os.replace(partial, str(path))
    except OSError:
        os.unlink(partial)
        raise


def _digest(one: Input, case: Case, seed: int) -> bytes:
    return hashlib.sha256(f"{seed}/{case.label}/{one.name}".encode()).digest()
