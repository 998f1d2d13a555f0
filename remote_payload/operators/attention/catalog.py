"""The attention implementations known by name, and what each is."""

from __future__ import annotations

from typing import Dict, Optional, Tuple

from remote_payload.contract.facts import ProviderFacts, Role

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
# PyTorch's own, one by one: the name here, the member of torch.nn.attention.SDPBackend.
BACKENDS: Dict[str, str] = {
    "sdpa-flash": "FLASH_ATTENTION",
    "sdpa-cudnn": "CUDNN_ATTENTION",
    "sdpa-efficient": "EFFICIENT_ATTENTION",
    "sdpa-math": "MATH",
}


def provider_of(variant: str) -> str:
    """The name of the provider that is a variant of OURS."""
    return f"{OURS}-{variant}"


PROVIDERS: Tuple[ProviderFacts, ...] = (
    ProviderFacts(
        BASELINE,
        "PyTorch scaled_dot_product_attention, the backend PyTorch itself picks",
        Role.BASELINE,
    ),
    ProviderFacts("sdpa-flash", "PyTorch SDPA, FlashAttention backend", Role.RIVAL),
    ProviderFacts("sdpa-cudnn", "PyTorch SDPA, cuDNN backend", Role.RIVAL),
    ProviderFacts("sdpa-efficient", "PyTorch SDPA, memory-efficient backend", Role.RIVAL),
    ProviderFacts("sdpa-math", "PyTorch SDPA, plain math backend", Role.RIVAL),
    ProviderFacts(
        OURS, "our own kernel in csrc/, through blackwell_sparsek.attention_forward", Role.OURS
    ),
    *(
        ProviderFacts(
            provider_of(name),
            f"our Hopper kernel for FP16, D = 64, no mask, {how}",
            Role.OURS,
            variant_of=OURS,
        )
        for name, how in _VARIANTS
    ),
    ProviderFacts(
        "fa3",
        "FlashAttention-3, flash_attn_interface.flash_attn_func",
        Role.PEER,
        "git clone https://github.com/Dao-AILab/flash-attention, then python setup.py install in "
        "its folder hopper (needs nvcc; compiles for half an hour or more)",
    ),
    ProviderFacts(
        "fa4",
        "FlashAttention-4 in CuTe DSL, flash_attn.cute.flash_attn_func",
        Role.PEER,
        "pip install flash-attn-4 (Python 3.10 or newer; with CUDA 13: 'flash-attn-4[cu13]')",
    ),
    ProviderFacts(
        "flashinfer",
        "FlashInfer, BatchPrefillWithRaggedKVCacheWrapper",
        Role.PEER,
        "pip install flashinfer-python ninja (its kernels are compiled at the first call, by nvcc)",
    ),
    ProviderFacts(
        "triton",
        "our own FlashAttention forward in Triton, of the kind that tutorials teach",
        Role.PEER,
        "pip install triton (PyTorch with CUDA for Linux brings it along)",
    ),
)

# Every provider that is our kernel, and which variant of it; None: what the library chooses itself.
VARIANTS: Tuple[str, ...] = tuple(name for name, _ in _VARIANTS)
OWN: Dict[str, Optional[str]] = {OURS: None, **{provider_of(name): name for name in VARIANTS}}
PEERS: Tuple[str, ...] = tuple(one.name for one in PROVIDERS if one.role is Role.PEER)
