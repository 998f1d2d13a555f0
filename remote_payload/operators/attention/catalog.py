"""The attention implementations known by name, and what each is; imported on both sides."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Dict, Optional, Tuple


@dataclass(frozen=True)
class Entry:
    """One known provider. what: a few words for help texts and reports.

    how: where to get it, for a package that neither torch nor we bring along; empty otherwise.
    """

    name: str
    what: str
    how: str = ""


# Our Hopper kernel built another way, until a GPU decides; run only where asked for.
_VARIANTS = (
    ("leader-locates", "where one thread alone works out a strip's place"),
    ("spread-leaders", "whose threads that speak to TMA sit in warps of four schedulers"),
    ("split-pv", "with P V in two halves"),
    ("late-q", "where the next Q is asked for behind a strip's first block"),
    ("q-first", "where Q is asked for before K and V"),
    ("lean", "with leader-locates, spread-leaders and q-first at once"),
    ("combined", "with all of the former at once"),
    ("ahead", "with Q K^T of the next block queued behind P V of this one"),
    ("ping-pong", "whose warpgroups take turns in pairs"),
)

BASELINE = "sdpa"
OURS = "sparsek"


def provider_of(variant: str) -> str:
    """The name of the provider that is a variant of OURS."""
    return f"{OURS}-{variant}"


ENTRIES: Tuple[Entry, ...] = (
    Entry(BASELINE, "PyTorch scaled_dot_product_attention, the backend PyTorch itself picks"),
    Entry("sdpa-flash", "PyTorch SDPA, FlashAttention backend"),
    Entry("sdpa-cudnn", "PyTorch SDPA, cuDNN backend"),
    Entry("sdpa-efficient", "PyTorch SDPA, memory-efficient backend"),
    Entry("sdpa-math", "PyTorch SDPA, plain math backend"),
    Entry(OURS, "our own kernel in csrc/, through blackwell_sparsek.attention_forward"),
    *(
        Entry(provider_of(name), f"our Hopper kernel for FP16, D = 64, no mask, {how}")
        for name, how in _VARIANTS
    ),
    Entry(
        "fa3",
        "FlashAttention-3, flash_attn_interface.flash_attn_func",
        "git clone https://github.com/Dao-AILab/flash-attention, then python setup.py install in "
        "its folder hopper (needs nvcc; compiles for half an hour or more)",
    ),
    Entry(
        "fa4",
        "FlashAttention-4 in CuTe DSL, flash_attn.cute.flash_attn_func",
        "pip install flash-attn-4 (Python 3.10 or newer; with CUDA 13: 'flash-attn-4[cu13]')",
    ),
    Entry(
        "flashinfer",
        "FlashInfer, BatchPrefillWithRaggedKVCacheWrapper",
        "pip install flashinfer-python ninja (its kernels are compiled at the first call, by nvcc)",
    ),
    Entry(
        "triton",
        "our own FlashAttention forward in Triton, of the kind that tutorials teach",
        "pip install triton (PyTorch with CUDA for Linux brings it along)",
    ),
)

BY_NAME: Dict[str, Entry] = {entry.name: entry for entry in ENTRIES}

# Of OURS, by name.
VARIANTS: Tuple[str, ...] = tuple(name for name, _ in _VARIANTS)
# Every provider that is our kernel, and which variant of it; None: what the library chooses itself.
OWN: Dict[str, Optional[str]] = {OURS: None, **{provider_of(name): name for name in VARIANTS}}
PEERS: Tuple[str, ...] = tuple(entry.name for entry in ENTRIES if entry.how)
# What a run likes to have beside ours: one that cannot run, or is wrong, loses its own place only.
RIVALS: Tuple[str, ...] = tuple(
    entry.name for entry in ENTRIES if entry.name != BASELINE and entry.name not in OWN
)

# What the stage prove can prove, in the order in which it tries: what a kernel may fail on comes
# before what watches it.
PROOFS: Tuple[str, ...] = ("conformance", "adversarial", "memcheck", "racecheck")

# How a check's reason begins where a peer is not installed; what follows is its `how`.
NOT_PRESENT = "not present"
