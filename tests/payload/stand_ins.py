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
