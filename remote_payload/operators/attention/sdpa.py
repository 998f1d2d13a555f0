"""PyTorch's scaled_dot_product_attention: its own choice, and each of its backends alone."""

from __future__ import annotations

import contextlib
from functools import lru_cache
from typing import Any, Dict

import torch
import torch.nn.functional as functional
from torch.nn import attention

from remote_payload.operators.attention.catalog import BACKENDS, BASELINE
from remote_payload.operators.loaded import CannotRun, Loaded
from remote_payload.operators.setting import Setting

Tensor = Any

_CUDA_ONLY = ("sdpa-cudnn", "sdpa-efficient")
# What torch says on CUDA and on the CPU when the one backend allowed cannot do the case; then what
# cuDNN's frontend says when none of its plans fits (pytorch/pytorch issue 140930), and what torch
# says that was built without cuDNN's attention (ATen/native/cudnn/MHA.cpp).
REFUSALS = (
    "No available kernel",
    "No viable backend",
    "No execution plans support the graph",
    "No valid execution plans built",
    "No execution plans built successfully",
    "No valid engine configs",
    "PyTorch was not compiled with cuDNN Flash Attention",
)
# Fewer heads of k and v than of q: https://docs.pytorch.org/docs/2.5, release notes.
_GROUPED_SINCE = (2, 5)


def load(name: str, setting: Setting) -> Loaded:
    """CannotRun: this torch, or this device, does not have the backend."""
    if name == BASELINE:
        # Its own choice may be cuDNN (on Hopper it is, from torch 2.11 on): then that refuses.
        return Loaded(_attention, contextlib.nullcontext, _choice, refusals=REFUSALS)
    if name in _CUDA_ONLY and setting.device != "cuda":
        raise CannotRun(f"{name} needs a CUDA GPU; this run is on the CPU")
    backend = getattr(attention.SDPBackend, BACKENDS[name], None)
    if backend is None:
        raise CannotRun(f"torch {torch.__version__} has no {BACKENDS[name]} backend")

    def implementation(q: Tensor, k: Tensor, v: Tensor, **_: Any) -> str:
        _require_grouped(q, k)
        return f"torch {torch.__version__} SDPA, only {backend.name}"

    return Loaded(
        _attention, lambda: attention.sdpa_kernel([backend]), implementation, refusals=REFUSALS
    )


def _attention(
    q: Tensor, k: Tensor, v: Tensor, causal: bool, scale: float, window: int = 0
) -> Tensor:
    if q.shape == k.shape and not window:
        return functional.scaled_dot_product_attention(q, k, v, is_causal=causal, scale=scale)
    options: Dict[str, Any] = {"scale": scale}
    if q.shape[1] != k.shape[1]:
        options["enable_gqa"] = True
    if causal:
        options["attn_mask"] = _mask(q.shape[2], k.shape[2], window, str(q.device))
    return functional.scaled_dot_product_attention(q, k, v, **options)


@lru_cache(maxsize=1)
def _mask(queries: int, keys: int, window: int, device: str) -> Any:
    """What the queries see if the last of them is at the last key; None for all."""
    if not window:
        if queries == 1:
            return None
        # torch's is_causal has the first query at the first key.
        from torch.nn.attention.bias import causal_lower_right

        return causal_lower_right(queries, keys)
    seen = torch.ones(queries, keys, dtype=torch.bool, device=device).tril(keys - queries)
    return seen.triu(keys - queries - window + 1)


def _require_grouped(q: Tensor, k: Tensor) -> None:
    version = tuple(int(part) for part in torch.__version__.split(".")[:2])
    if q.shape[1] != k.shape[1] and version < _GROUPED_SINCE:
        raise CannotRun(f"torch {torch.__version__} has no grouped heads; 2.5 and newer do")


def _choice(q: Tensor, k: Tensor, v: Tensor, causal: bool, scale: float, window: int = 0) -> str:
    """The backend torch picks by itself, as far as this torch tells (a private function)."""
    _require_grouped(q, k)
    try:
        masked = causal and q.shape == k.shape
        number = torch._fused_sdp_choice(q, k, v, None, 0.0, masked, scale=scale)
        name = attention.SDPBackend(number).name
    except (AttributeError, TypeError, ValueError, RuntimeError):
        name = "backend not told"
    if window or q.shape != k.shape:
        name = "backend not told"  # the choice depends on more than we can hand over here
    return f"torch {torch.__version__} SDPA, own choice: {name}"
