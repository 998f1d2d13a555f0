"""The kernel's Python face: attention_forward(q, k, v, causal=False, scale=None, out=None).

Importing needs neither a GPU nor the compiled library; calling needs both and says so. Nothing
here ever falls back to another implementation.
"""

from .library import LibraryError, library_digest, library_path
from .ops import attention_forward, attention_variant, kernel_name

__all__ = [
    "LibraryError",
    "attention_forward",
    "attention_variant",
    "kernel_name",
    "library_digest",
    "library_path",
]
