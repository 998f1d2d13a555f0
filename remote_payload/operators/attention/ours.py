"""Our own kernel: the compiled library on a GPU, the emulated one without."""

from __future__ import annotations

import contextlib
import hashlib
import importlib
import os
from pathlib import Path
from typing import Any, Optional

from remote_payload.operators.attention import emulated
from remote_payload.operators.attention.catalog import OWN
from remote_payload.operators.loaded import CannotRun, Loaded, reach
from remote_payload.operators.setting import LIBRARY_VARIABLE, Setting

Tensor = Any

_VARIANTS_TAKE = "a variant of our kernel takes FP16, head dimension 64 and no mask, on Hopper"


def load(name: str, setting: Setting) -> Loaded:
    """CannotRun: there is no library, or it has no kernel for what it is asked."""
    if setting.library is None:
        raise CannotRun(f"{name} has no compiled library: {setting.no_library}")
    variant = OWN[name]
    reach(str(Path(setting.root) / "remote_payload"))
    if setting.device != "cuda":
        return _emulated(name, variant, setting.library)
    os.environ[LIBRARY_VARIABLE] = setting.library
    ours = importlib.import_module("blackwell_sparsek")
    digest = ours.library_digest()

    def implementation(
        q: Tensor, k: Tensor, v: Tensor, causal: bool, scale: float, window: int = 0
    ) -> str:
        require_plain(name, q, k, window)
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
    return Loaded(call, contextlib.nullcontext, implementation, library_digest=digest)


def require_plain(name: str, q: Tensor, k: Tensor, window: int) -> None:
    """CannotRun for what goes beyond q, k and v of one form."""
    if q.shape != k.shape or window:
        raise CannotRun(f"{name} takes q, k and v of one form, and no window")


def _emulated(name: str, variant: Optional[str], library: str) -> Loaded:
    kernel = emulated.Emulated(library, variant)
    digest = hashlib.sha256(Path(library).read_bytes()).hexdigest()

    def implementation(
        q: Tensor, k: Tensor, v: Tensor, causal: bool, scale: float, window: int = 0
    ) -> str:
        require_plain(name, q, k, window)
        heads = q.shape[0] * q.shape[1]
        if heads > emulated.MOST_HEADS:
            raise CannotRun(
                f"{name} needs a CUDA GPU for {heads} heads; "
                f"without one up to {emulated.MOST_HEADS} are emulated"
            )
        runs = kernel.name(q, k, v, causal, scale)
        if runs is None:
            what = f"{name} has no kernel for {q.dtype} and head dimension {q.shape[3]}"
            raise CannotRun(what if variant is None else f"{what}; {_VARIANTS_TAKE}")
        return f"{runs}, emulated on the CPU, library sha256 {digest}"

    return Loaded(kernel, contextlib.nullcontext, implementation, emulated=True)
