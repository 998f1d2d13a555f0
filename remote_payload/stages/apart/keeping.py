"""Tensors on their way from one process to another: in files, or as they are in one process."""

from __future__ import annotations

import contextlib
import ctypes
import os
import pickle
import tempfile
from pathlib import Path
from typing import Any, Dict, Optional, Protocol, Tuple

import torch

from remote_payload.stages.apart.words import Given, Piece, Stored

Tensor = Any
Tensors = Tuple[Tensor, ...]
Scalars = Dict[str, Any]


class Keeping(Protocol):
    """How tensors are handed over."""

    def put(self, tensors: Tensors) -> Tuple[Piece, ...]:
        """Hand them over, as they are now."""

    def get(self, pieces: Tuple[Piece, ...]) -> Tensors:
        """What was handed over, on the CPU; whoever writes into it changes nobody else's."""

    def drop(self, pieces: Tuple[Piece, ...]) -> None:
        """Nobody needs them any more."""

    def given(self, tensors: Tensors, scalars: Scalars, seed: int) -> Given:
        """As of `put`, with the scalars."""

    def scalars(self, given: Given) -> Optional[Scalars]:
        """Those of it; None: whoever asks makes them anew, by the seed."""


class Files:
    """Files in a folder of the run's. Mapped privately, so that nobody's writes reach the next."""

    def __init__(self, folder: str) -> None:
        self._folder = Path(folder)

    def put(self, tensors: Tensors) -> Tuple[Piece, ...]:
        self._folder.mkdir(exist_ok=True)
        return tuple(_stored(one, self._folder) for one in tensors)

    def get(self, pieces: Tuple[Piece, ...]) -> Tensors:
        return tuple(_mapped(one) for one in pieces)

    def drop(self, pieces: Tuple[Piece, ...]) -> None:
        for one in pieces:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(one.path)

    def given(self, tensors: Tensors, scalars: Scalars, seed: int) -> Given:
        try:
            return Given(self.put(tensors), pickle.dumps(scalars))
        except (pickle.PicklingError, TypeError, AttributeError, RecursionError):
            return Given(self.put(tensors), b"", seed)

    def scalars(self, given: Given) -> Optional[Scalars]:
        if not given.scalars:
            return None
        found: Scalars = pickle.loads(given.scalars)
        return found


class Direct:
    """The tensors themselves, where judge and judged are one process, as in tests."""

    def put(self, tensors: Tensors) -> Tuple[Piece, ...]:
        return tuple(one.clone() for one in tensors)

    def get(self, pieces: Tuple[Piece, ...]) -> Tensors:
        return tuple(one.clone() for one in pieces)

    def drop(self, pieces: Tuple[Piece, ...]) -> None:
        pass

    def given(self, tensors: Tensors, scalars: Scalars, seed: int) -> Given:
        return Given(self.put(tensors), scalars)

    def scalars(self, given: Given) -> Optional[Scalars]:
        found: Scalars = given.scalars
        return found


def _stored(tensor: Tensor, folder: Path) -> Stored:
    lying = tensor.detach().to("cpu", copy=tensor.device.type != "cpu")
    if not _dense(lying):
        lying = lying.contiguous()
    handle, path = tempfile.mkstemp(dir=str(folder), suffix=".tensor")
    size_bytes = lying.numel() * lying.element_size()
    try:
        with open(handle, "wb") as file:
            if size_bytes:
                file.write((ctypes.c_char * size_bytes).from_address(lying.data_ptr()))
    except OSError:
        os.unlink(path)
        raise
    dtype = str(lying.dtype).rpartition(".")[2]
    return Stored(path, tuple(lying.shape), tuple(lying.stride()), dtype)


def _dense(tensor: Tensor) -> bool:
    """Whether its elements fill the memory from its first to its last, each once."""
    order = sorted(zip(tensor.stride(), tensor.shape))
    expected = 1
    for stride, size in order:
        if size == 1:
            continue
        if stride != expected:
            return False
        expected *= size
    return True


def _mapped(one: Stored) -> Tensor:
    dtype = getattr(torch, one.dtype)
    elements = torch.Size(one.size).numel()
    size_bytes = elements * torch.empty((), dtype=dtype).element_size()
    if not size_bytes:
        return torch.empty(one.size, dtype=dtype)
    flat = torch.from_file(one.path, shared=False, size=size_bytes, dtype=torch.uint8)
    return flat.view(dtype).as_strided(one.size, one.stride)
