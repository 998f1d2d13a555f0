"""Stand-ins for the peers' packages: real modules on disk that compute attention on the CPU.

Signatures as read in the packages' own sources, by the dates given.
"""

from __future__ import annotations

from pathlib import Path

_ATTEND = """\
import torch


def attend(q, k, v, scale, causal):
    scores = q.double() @ k.double().transpose(-1, -2) * scale
    if causal:
        future = torch.ones(scores.shape[-2:], dtype=torch.bool, device=q.device).triu(1)
        scores = scores.masked_fill(future, float("-inf"))
    return (scores.softmax(-1) @ v.double()).to(q.dtype)


def attend_by_token(q, k, v, scale, causal):
    assert q.stride(-1) == 1 and q.dim() == 4
    q, k, v = (tensor.transpose(1, 2) for tensor in (q, k, v))
    return attend(q, k, v, scale, causal).transpose(1, 2).contiguous()
"""

# (version of the signature, parameters after q, k, v, whether the output comes with the lse)
FA3 = (
    ("2024-07", "softmax_scale=None, causal=False", True),
    ("2025-05", "softmax_scale=None, causal=False, qv=None, num_splits=1, sm_margin=0", True),
    ("2025-11", "softmax_scale=None, causal=False, qv=None, num_splits=1, pack_gqa=None", False),
)
FA4 = (
    ("2025-06", "softmax_scale=None, causal=False, softcap=0.0", True),
    ("2026-05", "qv=None, indices=None, softmax_scale=None, causal=False, num_splits=1", True),
)

_FLASHINFER = """\
import torch
from stand_in_attention import attend

__version__ = "0.0.7"


class BatchPrefillWithRaggedKVCacheWrapper:
    def __init__(self, float_workspace_buffer, kv_layout="NHD"):
        assert float_workspace_buffer.dtype == torch.uint8 and kv_layout == "NHD"
        self.plans = 0

    def plan(self, qo_indptr, kv_indptr, num_qo_heads, num_kv_heads, head_dim_qk, causal=False,
             sm_scale=None, q_data_type="float16"):
        assert qo_indptr.dtype == torch.int32 and qo_indptr.equal(kv_indptr)
        self.ends, self.causal, self.scale = qo_indptr.tolist(), causal, sm_scale
        self.heads, self.dtype, self._backend = num_qo_heads, q_data_type, "stand-in"
        self.plans += 1

    def run(self, q, k, v, *args, out=None):
        assert q.dtype == self.dtype and q.shape[0] == self.ends[-1] and q.is_contiguous()
        assert q.shape[1] == self.heads
        parts = []
        for first, end in zip(self.ends, self.ends[1:]):
            mine = (tensor[first:end].transpose(0, 1) for tensor in (q, k, v))
            parts.append(attend(*mine, self.scale, self.causal).transpose(0, 1))
        return torch.cat(parts)
"""

# Both run a kernel in Python, program by program, where their variable says so, as the real ones do
# (triton 3.9, numba 0.68 with numba-cuda 0.30), and find no GPU otherwise.
_TRITON = """\
import os
from . import language


def cdiv(a, b):
    return -(-a // b)


class jit:
    def __init__(self, fn):
        self.fn = fn
        self.interpreted = os.environ.get("TRITON_INTERPRET", "").lower() in ("1", "true", "on")

    def __getitem__(self, grid):
        def launch(*args, **options):
            if not self.interpreted:
                raise RuntimeError("0 active drivers ([]). There should only be one.")
            given = [language.pointer(one) if hasattr(one, "dtype") else one for one in args]
            for language.program in range(grid[0]):
                self.fn(*given, **options)
        return launch
"""

_TRITON_LANGUAGE = """\
import torch

constexpr = int
arange = torch.arange


class pointer:
    def __init__(self, tensor, at=0):
        self.flat, self.at = tensor.view(-1), at

    def __add__(self, more):
        return pointer(self.flat, self.at + more)


def program_id(axis):
    return program


def load(where, mask):
    return torch.where(mask, where.flat[where.at * mask], torch.zeros((), dtype=where.flat.dtype))


def store(where, value, mask):
    where.flat[where.at[mask]] = value[mask]
"""

_NUMBA_CUDA = """\
import os

SIMULATED = bool(int(os.environ.get("NUMBA_ENABLE_CUDASIM", "0")))


class jit:
    def __init__(self, fn):
        self.fn = fn

    def __getitem__(self, sizes):
        def launch(*args):
            if not SIMULATED:
                raise RuntimeError("CUDA driver library cannot be found")
            global at
            for at in range(sizes[0] * sizes[1]):
                self.fn(*args)
        return launch


def grid(dimensions):
    return at
"""


def module(folder: Path, name: str, text: str) -> None:
    """Put a module, packages and all, into `folder`."""
    path = folder.joinpath(*name.split(".")).with_suffix(".py")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def flash(folder: Path, name: str, parameters: str, with_lse: bool) -> None:
    """A module with flash_attn_func of [batch, seq, heads, dim] tensors."""
    module(folder, "stand_in_attention", _ATTEND)
    lse = ", None" if with_lse else ""
    module(
        folder,
        name,
        "from stand_in_attention import attend_by_token\n"
        '__version__ = "0.0.7"\n'
        f"def flash_attn_func(q, k, v, {parameters}):\n"
        f"    return attend_by_token(q, k, v, softmax_scale, causal){lse}\n",
    )


def flashinfer(folder: Path) -> None:
    """A module with FlashInfer's wrapper for ragged tensors."""
    module(folder, "stand_in_attention", _ATTEND)
    module(folder, "flashinfer", _FLASHINFER)


def triton(folder: Path) -> None:
    """A triton that knows jit, cdiv and, of its language, what copying takes."""
    module(folder, "triton.__init__", _TRITON)
    module(folder, "triton.language", _TRITON_LANGUAGE)


def numba(folder: Path) -> None:
    """A numba that knows cuda.jit and cuda.grid."""
    module(folder, "numba.__init__", "")
    module(folder, "numba.cuda", _NUMBA_CUDA)
