"""The attention implementations known by name, and what each is; imported on both sides."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Dict, Tuple


@dataclass(frozen=True)
class Entry:
    """One known provider. what: a few words for help texts and reports."""

    name: str
    what: str


ENTRIES: Tuple[Entry, ...] = (
    Entry("sdpa", "PyTorch scaled_dot_product_attention, the backend PyTorch itself picks"),
    Entry("sdpa-flash", "PyTorch SDPA, FlashAttention backend"),
    Entry("sdpa-cudnn", "PyTorch SDPA, cuDNN backend"),
    Entry("sdpa-efficient", "PyTorch SDPA, memory-efficient backend"),
    Entry("sdpa-math", "PyTorch SDPA, plain math backend"),
    Entry("sparsek", "our own kernel in csrc/, through blackwell_sparsek.attention_forward"),
)

BY_NAME: Dict[str, Entry] = {entry.name: entry for entry in ENTRIES}

BASELINE = "sdpa"
OURS = "sparsek"
