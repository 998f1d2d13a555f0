"""The peers: attention kernels of installed packages, called on our tensors with no copy between.

Every peer gets the contiguous [batch, heads, seq, dim] tensors that all providers get. What it
wants in another shape it gets as views, made at the first call with those tensors, so that a
timed call holds nothing but the peer's own work.
"""

from __future__ import annotations

import contextlib
import importlib
import importlib.util
import inspect
import os
from importlib import metadata
from pathlib import Path
from typing import Any, Callable, Dict, Optional, Tuple

import torch

from remote_payload.compiling import emulation
from remote_payload.contract.words import NOT_PRESENT
from remote_payload.operators.attention.catalog import PROVIDERS
from remote_payload.operators.attention.ours import require_plain
from remote_payload.operators.loaded import CannotRun, Function, Loaded, Tensor
from remote_payload.operators.setting import Setting
from remote_payload.processes import places

Tensors = Tuple[Tensor, ...]
_HOW = {one.name: one.how for one in PROVIDERS}

# FlashInfer's documentation recommends this much for what it splits over the keys.
FLASHINFER_WORKSPACE_BYTES = 128 << 20
# Where packages that compile at the first call keep what they compiled; ours to keep as well.
_CACHES = ("TRITON_CACHE_DIR", "FLASHINFER_WORKSPACE_BASE", "FLASH_ATTENTION_CUTE_DSL_CACHE_DIR")


def load(name: str, setting: Setting) -> Loaded:
    """Make a peer callable; CannotRun says whether it is missing, broken or unknown to us."""
    module, adapt = _ADAPTERS[name]
    try:
        if not _is_there(module):
            raise CannotRun(f"{NOT_PRESENT}: {_HOW[name]}")
        _keep_caches(setting)
        return adapt(importlib.import_module(module), setting)
    except CannotRun:
        raise
    except (Exception, SystemExit) as exc:
        places.trace()
        words = f"{type(exc).__name__}: {exc}".strip().splitlines()[0]
        raise CannotRun(f"present but cannot be imported: {words}") from exc


class Dense:
    """Calls a function of [batch, seq, heads, dim] tensors; what it returns comes back as a view.

    function: called as f(q, k, v, softmax_scale=..., causal=..., **options); returns the output,
    or a tuple that begins with it.
    """

    def __init__(self, function: Callable[..., Any], **options: Any) -> None:
        self._function, self._options = function, options
        self._views = _Views(lambda tensor: tensor.transpose(1, 2))

    def __call__(
        self, q: Tensor, k: Tensor, v: Tensor, causal: bool, scale: float, window: int = 0
    ) -> Tensor:
        views = self._views.of(q, k, v)
        options = self._options
        if window:
            options = {**options, "window_size": (window - 1, 0)}
        out = self._function(*views, softmax_scale=scale, causal=causal, **options)
        return (out[0] if isinstance(out, tuple) else out).transpose(1, 2)


class Ragged:
    """Calls FlashInfer's wrapper for sequences that lie one after the other.

    It wants [tokens, heads, dim]. Each head of each batch entry is handed over as a sequence with
    one head: the only way to see our layout like that without moving anything.
    """

    def __init__(self, wrapper: Callable[..., Any]) -> None:
        self._make, self._made = wrapper, None  # type: Callable[..., Any], Any
        self._planned: Optional[Tuple[Any, ...]] = None
        self._views = _Views(lambda tensor: tensor.view(-1, 1, tensor.shape[3]))

    def plan(self, q: Tensor, causal: bool, scale: float) -> str:
        """Prepare for such calls, unless that is done; the backend that FlashInfer chose."""
        wanted = (tuple(q.shape), q.dtype, q.device, causal, scale)
        if self._planned != wanted:
            if self._made is None:
                space = torch.empty(FLASHINFER_WORKSPACE_BYTES, dtype=torch.uint8, device=q.device)
                self._made = self._make(space, "NHD")
            batch, heads, seq, dim = q.shape
            ends = torch.arange(batch * heads + 1, dtype=torch.int32, device=q.device) * seq
            options = {"causal": causal, "sm_scale": scale, "q_data_type": q.dtype}
            self._made.plan(ends, ends, 1, 1, dim, **options)
            self._planned = wanted
        return str(getattr(self._made, "_backend", "not told"))

    def __call__(self, q: Tensor, k: Tensor, v: Tensor, causal: bool, scale: float) -> Tensor:
        self.plan(q, causal, scale)
        return self._made.run(*self._views.of(q, k, v)).view(q.shape)


class _Views:
    """The same views for the same tensors, made once."""

    def __init__(self, view: Callable[[Tensor], Tensor]) -> None:
        self._view = view
        self._given: Tensors = ()
        self._made: Tensors = ()

    def of(self, *tensors: Tensor) -> Tensors:
        same = len(tensors) == len(self._given)
        if not same or any(a is not b for a, b in zip(tensors, self._given)):
            self._given, self._made = tensors, tuple(self._view(tensor) for tensor in tensors)
        return self._made


def _fa3(module: Any, setting: Setting) -> Loaded:
    return _dense(module, "flash_attn_interface", ("flash-attn-3", "flashattn-hopper"))


def _fa4(module: Any, setting: Setting) -> Loaded:
    return _dense(module, "flash_attn.cute", ("flash-attn-4", "flash-attn"))


def _dense(module: Any, place: str, packages: Tuple[str, ...]) -> Loaded:
    package = _package(module, packages)
    function, known = _function(module, "flash_attn_func", ("softmax_scale", "causal"), package)
    # One kernel over all keys, as everybody else here; packages differ in their default.
    options = {"num_splits": 1} if "num_splits" in known else {}
    said = "".join(f", {name}={value}" for name, value in options.items())
    name = f"{place}.flash_attn_func{said}, {package}, on [b, s, h, d] views (no copy)"

    def implementation(q: Tensor, k: Tensor, v: Tensor, window: int = 0, **_: Any) -> str:
        if window and "window_size" not in known:
            raise CannotRun(f"present ({package}), but flash_attn_func has no window_size")
        return name

    return _foreign(Dense(function, **options), implementation)


def _flashinfer(module: Any, setting: Setting) -> Loaded:
    package = _package(module, ("flashinfer-python", "flashinfer"))
    wrapper = getattr(module, "BatchPrefillWithRaggedKVCacheWrapper", None)
    _function(wrapper, "plan", ("causal", "sm_scale", "q_data_type"), package)
    _function(wrapper, "run", ("q", "k", "v"), package)
    ragged = Ragged(module.BatchPrefillWithRaggedKVCacheWrapper)

    def implementation(
        q: Tensor, k: Tensor, v: Tensor, causal: bool, scale: float, window: int = 0
    ) -> str:
        require_plain("flashinfer", q, k, window)
        return (
            f"flashinfer.{module.BatchPrefillWithRaggedKVCacheWrapper.__name__}, "
            f"backend {ragged.plan(q, causal, scale)}, {package}, "
            "each head as a sequence of its own (no copy)"
        )

    return _foreign(ragged, implementation)


def _triton(module: Any, setting: Setting) -> Loaded:
    # Not to be imported where triton is missing.
    from remote_payload.operators.attention import triton as triton_attention

    interpreted = triton_attention.INTERPRETED
    if setting.device != "cuda" and not interpreted:
        raise CannotRun("triton needs a CUDA GPU; this run is on the CPU")

    def implementation(q: Tensor, k: Tensor, v: Tensor, window: int = 0, **_: Any) -> str:
        require_plain("triton", q, k, window)
        if problem := triton_attention.unsupported(q):
            raise CannotRun(f"triton: {problem}")
        how = f", {emulation.interpreter()}" if interpreted else ""
        version = _version(module, ("triton",))
        return f"{triton_attention.__name__}, triton {version}{how}"

    attention = triton_attention.attention_forward
    return Loaded(attention, contextlib.nullcontext, implementation, emulated=interpreted)


def _foreign(call: Function, implementation: Callable[..., str]) -> Loaded:
    return Loaded(call, contextlib.nullcontext, implementation, foreign=True)


# catalog name -> the module that holds it, and what makes a provider of that module
_ADAPTERS: Dict[str, Tuple[str, Callable[[Any, Setting], Loaded]]] = {
    "fa3": ("flash_attn_interface", _fa3),
    "fa4": ("flash_attn.cute", _fa4),
    "flashinfer": ("flashinfer", _flashinfer),
    "triton": ("triton", _triton),
}


def _is_there(module: str) -> bool:
    """Whether a module is installed; whatever importing its parent raises, other than that the
    parent is missing, goes through."""
    try:
        return importlib.util.find_spec(module) is not None
    except ModuleNotFoundError as exc:
        if exc.name == module.partition(".")[0]:
            return False
        raise


def _function(
    owner: Any, name: str, needed: Tuple[str, ...], package: str
) -> Tuple[Callable[..., Any], Tuple[str, ...]]:
    """A function with the parameters that we name, and all its parameters; CannotRun if it has
    others: guessing would measure something else than we say."""
    function = getattr(owner, name, None)
    if not callable(function):
        raise CannotRun(f"present ({package}), but without a function {name}")
    try:
        known = inspect.signature(function).parameters
    except (TypeError, ValueError) as exc:
        raise CannotRun(f"present ({package}), but {name} does not tell its parameters") from exc
    missing = [parameter for parameter in needed if parameter not in known]
    if missing:
        has = ", ".join(known)
        raise CannotRun(f"present ({package}), but {name} has no {missing[0]}; it has {has}")
    return function, tuple(known)


def _package(module: Any, names: Tuple[str, ...]) -> str:
    return f"{names[0]} {_version(module, names)}"


def _version(module: Any, names: Tuple[str, ...]) -> str:
    """What the installed package says, else what the module says of itself."""
    for name in names:
        try:
            return metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return str(getattr(module, "__version__", "of unknown version"))


def _keep_caches(setting: Setting) -> None:
    """Keep what packages compile beside our own library: nothing outside the workspace."""
    if setting.library is not None:
        folder = Path(setting.library).parent / "peers"
        for variable in _CACHES:
            os.environ.setdefault(variable, str(folder))
