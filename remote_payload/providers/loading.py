"""Providers by name: what to call, and the proof of what is called. Never a fallback."""

from __future__ import annotations

import contextlib
import hashlib
import importlib
import os
import sys
from pathlib import Path
from types import ModuleType
from typing import Optional

import torch
import torch.nn.functional as functional
from torch.nn import attention

from remote_payload.compiling import emulation
from remote_payload.contract.request import Provider
from remote_payload.operators.attention import peers
from remote_payload.operators.attention.catalog import BASELINE, OWN, PEERS
from remote_payload.operators.loaded import CannotRun, Loaded, Tensor
from remote_payload.operators.setting import LIBRARY_VARIABLE, Setting
from remote_payload.providers import provider_file

__all__ = ["BadTarget", "CannotRun", "Loaded", "load"]

DIGEST_DIGITS = 16

# catalog name -> member of torch.nn.attention.SDPBackend
_BACKENDS = {
    "sdpa-flash": "FLASH_ATTENTION",
    "sdpa-cudnn": "CUDNN_ATTENTION",
    "sdpa-efficient": "EFFICIENT_ATTENTION",
    "sdpa-math": "MATH",
}
_CUDA_ONLY = ("sdpa-cudnn", "sdpa-efficient")
_VARIANTS_TAKE = "a variant of our kernel takes FP16, head dimension 64 and no mask, on Hopper"
# What torch says on CUDA and on the CPU when the one backend allowed cannot do the shape; then what
# cuDNN's frontend says when none of its plans fits (pytorch/pytorch issue 140930), and what torch
# says that was built without cuDNN's attention (ATen/native/cudnn/MHA.cpp).
_SDPA_REFUSALS = (
    "No available kernel",
    "No viable backend",
    "No execution plans support the graph",
    "No valid execution plans built",
    "No execution plans built successfully",
    "No valid engine configs",
    "PyTorch was not compiled with cuDNN Flash Attention",
)


class BadTarget(Exception):
    """A user's target that does not name a function; the text says what is missing."""


def load(provider: Provider, setting: Setting) -> Loaded:
    """Make a provider callable; CannotRun, BadTarget, or whatever importing it raises."""
    if provider.target is not None:
        return _load_target(provider.target, setting)
    if provider.name in OWN:
        return _load_ours(provider.name, setting)
    if provider.name == BASELINE:
        # Its own choice may be cuDNN (on Hopper it is, from torch 2.11 on): then that refuses.
        return Loaded(_sdpa, contextlib.nullcontext, _sdpa_choice, refusals=_SDPA_REFUSALS)
    if provider.name in PEERS:
        return peers.load(provider.name, setting)
    return _load_sdpa(provider.name, setting)


def _sdpa(q: Tensor, k: Tensor, v: Tensor, causal: bool, scale: float) -> Tensor:
    return functional.scaled_dot_product_attention(q, k, v, is_causal=causal, scale=scale)


def _sdpa_choice(q: Tensor, k: Tensor, v: Tensor, causal: bool, scale: float) -> str:
    """The backend torch picks by itself, as far as this torch tells (a private function)."""
    try:
        number = torch._fused_sdp_choice(q, k, v, None, 0.0, causal, scale=scale)
        name = attention.SDPBackend(number).name
    except (AttributeError, TypeError, ValueError, RuntimeError):
        name = "backend not told"
    return f"torch {torch.__version__} SDPA, own choice: {name}"


def _load_sdpa(name: str, setting: Setting) -> Loaded:
    if name in _CUDA_ONLY and setting.device != "cuda":
        raise CannotRun(f"{name} needs a CUDA GPU; this run is on the CPU")
    backend = getattr(attention.SDPBackend, _BACKENDS[name], None)
    if backend is None:
        raise CannotRun(f"torch {torch.__version__} has no {_BACKENDS[name]} backend")
    return Loaded(
        call=_sdpa,
        within=lambda: attention.sdpa_kernel([backend]),
        implementation=lambda *_, **__: f"torch {torch.__version__} SDPA, only {backend.name}",
        refusals=_SDPA_REFUSALS,
    )


def _load_ours(name: str, setting: Setting) -> Loaded:
    if setting.library is None:
        raise CannotRun(f"{name} has no compiled library: {setting.no_library}")
    variant = OWN[name]
    _reach(str(Path(setting.root) / "remote_payload"))
    if setting.device != "cuda":
        return _load_emulated(name, variant, setting.library)
    os.environ[LIBRARY_VARIABLE] = setting.library
    ours = importlib.import_module("blackwell_sparsek")
    digest = ours.library_digest()

    def implementation(q: Tensor, k: Tensor, v: Tensor, causal: bool, scale: float) -> str:
        try:
            kernel = ours.kernel_name(q, k, v, causal, scale, variant)
        except (TypeError, ValueError) as exc:
            raise CannotRun(f"{name}: {exc}") from exc
        except ours.LibraryError as exc:
            if variant is None:
                raise
            raise CannotRun(f"{name}: {exc}; {_VARIANTS_TAKE}") from exc
        return f"{kernel}, library sha256 {digest}"

    call = ours.attention_forward if variant is None else ours.attention_variant(variant)
    return Loaded(call, contextlib.nullcontext, implementation)


def _load_emulated(name: str, variant: Optional[str], library: str) -> Loaded:
    emulated = emulation.Emulated(library, variant)
    digest = hashlib.sha256(Path(library).read_bytes()).hexdigest()

    def implementation(q: Tensor, k: Tensor, v: Tensor, causal: bool, scale: float) -> str:
        heads = q.shape[0] * q.shape[1]
        if heads > emulation.MOST_HEADS:
            raise CannotRun(
                f"{name} needs a CUDA GPU for {heads} heads; "
                f"without one up to {emulation.MOST_HEADS} are emulated"
            )
        kernel = emulated.name(q, k, v, causal, scale)
        if kernel is None:
            what = f"{name} has no kernel for {q.dtype} and head dimension {q.shape[3]}"
            raise CannotRun(what if variant is None else f"{what}; {_VARIANTS_TAKE}")
        return f"{kernel}, emulated on the CPU, library sha256 {digest}"

    return Loaded(emulated, contextlib.nullcontext, implementation, emulated=True)


def _load_target(target: str, setting: Setting) -> Loaded:
    where, colon, function = target.rpartition(":")
    if not colon or not where or not function:
        raise BadTarget(f"{target!r} is not module:function or file.py:function")
    _reach(setting.root)
    _reach(str(Path(setting.root) / "remote_payload"))
    module = _from_file(where, setting) if where.endswith(".py") else importlib.import_module(where)
    call = getattr(module, function, None)
    if not callable(call):
        raise BadTarget(f"{where} has no function {function!r}")
    name = f"{target}, file sha256 {_file_digest(module)}"
    return Loaded(
        call,
        contextlib.nullcontext,
        lambda *_, **__: name,
        emulated=isinstance(call, emulation.Emulated),
        users=True,
    )


def _from_file(where: str, setting: Setting) -> ModuleType:
    path = (Path(setting.root) / where).resolve()
    if not path.is_file():
        raise BadTarget(f"there is no file {where}")
    return provider_file.load(path, Path(setting.root))


def _reach(folder: str) -> None:
    """Make a folder importable, last, so that it shadows nothing."""
    if folder not in sys.path:
        sys.path.append(folder)


def _file_digest(module: ModuleType) -> str:
    path = getattr(module, "__file__", None)
    if path is None:
        return "unknown"
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()[:DIGEST_DIGITS]
