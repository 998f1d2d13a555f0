"""Find, open and describe the shared library that csrc/attention/api.h declares."""

from __future__ import annotations

import ctypes
import functools
import hashlib
import os
from typing import Optional, Tuple

ENVIRONMENT = "BLACKWELL_SPARSEK_LIBRARY"
ABI_VERSION = 3
AUTO, PORTABLE, HOPPER = range(3)  # enum SparsekKernel
# Its other numbers: variants of the Hopper kernel, for FP16, dim 64 and no mask.
VARIANTS = {
    "leader-locates": 3,
    "spread-leaders": 4,
    "split-pv": 5,
    "late-q": 6,
    "q-first": 7,
    "lean": 8,
    "combined": 9,
    "ahead": 10,
    "ping-pong": 11,
}

_Strides = ctypes.c_int64 * 3
_CALL_WORDS = 88


class LibraryError(RuntimeError):
    """The compiled library is missing, cannot be opened, or refused a call."""


class Attention(ctypes.Structure):
    """struct SparsekAttention of csrc/attention/api.h, field by field."""

    _fields_ = (
        ("q", ctypes.c_void_p),
        ("k", ctypes.c_void_p),
        ("v", ctypes.c_void_p),
        ("o", ctypes.c_void_p),
        ("q_stride", _Strides),
        ("k_stride", _Strides),
        ("v_stride", _Strides),
        ("o_stride", _Strides),
        ("batch", ctypes.c_int64),
        ("heads", ctypes.c_int64),
        ("seq", ctypes.c_int64),
        ("dim", ctypes.c_int32),
        ("dtype", ctypes.c_int32),
        ("causal", ctypes.c_int32),
        ("scale", ctypes.c_float),
        ("kernel", ctypes.c_int32),
    )


class Call(ctypes.Structure):
    """struct SparsekCall of csrc/attention/api.h: what sparsek_prepare fills."""

    _fields_ = (("opaque", ctypes.c_uint64 * _CALL_WORDS),)


class Prepared:
    """One attention checked and made ready for the device that is current now.

    LibraryError with the library's words if refused. It keeps addresses and no memory alive.
    Nothing of it changes any more, so any number of threads may launch it.
    """

    __slots__ = ("_address", "_call", "_launch", "_native")

    def __init__(self, args: Attention) -> None:
        self._native = _open(library_path())[0]
        self._call = Call()
        # Both are looked up once: a launch has no time for it.
        self._launch = self._native.sparsek_launch
        self._address = ctypes.addressof(self._call)
        code = self._native.sparsek_prepare(ctypes.byref(args), self._address)
        if code != 0:
            raise LibraryError(self._refusal("sparsek_prepare", code))

    def launch(self, stream: int) -> None:
        """Enqueue it on a CUDA stream of its device, which must be current. LibraryError."""
        code = self._launch(self._address, stream)
        if code != 0:
            raise LibraryError(self._refusal("sparsek_launch", code))

    def _refusal(self, what: str, code: int) -> str:
        text = self._native.sparsek_error_text(code).decode("utf-8", "replace")
        return f"{what} failed with code {code}: {text}"


def library_path() -> str:
    """Where the library lies, from BLACKWELL_SPARSEK_LIBRARY; LibraryError if that is no file."""
    path = os.environ.get(ENVIRONMENT, "")
    if not path:
        raise LibraryError(
            f"the attention library is not built or not named: {ENVIRONMENT} is not set. "
            "Build it with `orchestrator deploy`."
        )
    if not os.path.isfile(path):
        raise LibraryError(
            f"{ENVIRONMENT} names {path}, which is not a file. "
            "Build it again with `orchestrator deploy`."
        )
    return os.path.abspath(path)


def library_digest() -> str:
    """sha256 of the library that calls use, as it was when first opened."""
    return _open(library_path())[1]


def number_of_kernel(variant: Optional[str]) -> int:
    """The number of a variant by name; of the library's own choice without one. ValueError."""
    if variant is None:
        return AUTO
    if variant not in VARIANTS:
        raise ValueError(f"variant: {variant!r} is not one of {', '.join(VARIANTS)}")
    return VARIANTS[variant]


def name_of_kernel(args: Attention) -> str:
    """The kernel that Prepared would launch; LibraryError if there is none."""
    name = _open(library_path())[0].sparsek_kernel_name(ctypes.byref(args))
    if name is None:
        raise LibraryError("the library has no kernel for these arguments")
    return bytes(name).decode("ascii")


@functools.lru_cache(maxsize=None)
def _open(path: str) -> Tuple[ctypes.CDLL, str]:
    with open(path, "rb") as handle:
        digest = hashlib.sha256(handle.read()).hexdigest()
    try:
        library = ctypes.CDLL(path)
        version = library.sparsek_abi_version()
    except (OSError, AttributeError) as exc:
        raise LibraryError(f"{path} is not our attention library: {exc}") from exc
    if version != ABI_VERSION:
        raise LibraryError(
            f"{path} speaks ABI version {version}, this package {ABI_VERSION}. "
            "Build it again with `orchestrator deploy`."
        )
    library.sparsek_prepare.argtypes = (ctypes.POINTER(Attention), ctypes.c_void_p)
    library.sparsek_prepare.restype = ctypes.c_int
    library.sparsek_launch.argtypes = (ctypes.c_void_p, ctypes.c_void_p)
    library.sparsek_launch.restype = ctypes.c_int
    library.sparsek_kernel_name.argtypes = (ctypes.POINTER(Attention),)
    library.sparsek_kernel_name.restype = ctypes.c_char_p
    library.sparsek_error_text.argtypes = (ctypes.c_int,)
    library.sparsek_error_text.restype = ctypes.c_char_p
    return library, digest
