"""How much work a row is about: its operator and case, or what is missing to know them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import cache

from orchestrator.audit.recognising import axes
from orchestrator.audit.recognising.cells import Cell, Number
from orchestrator.audit.recognising.words import words_of
from orchestrator.audit.values import Known
from remote_payload.contract.case import Value
from remote_payload.contract.dtypes import DType
from remote_payload.contract.facts import CaseFacts
from remote_payload.operators import registry
from remote_payload.operators.base import BadCase, Operator

_SAYS = (
    ("attention", "attention attn sdpa flash flashattention fmha mha gqa mqa fa2 fa3 fa4"),
    ("gemm", "gemm matmul mm hgemm sgemm dgemm bgemm cublas cublaslt linear"),
)
_BY_WORD = {word: name for name, words in _SAYS for word in words.split()}
# Where files say what was computed.
_OPERATOR_KEYS = words_of(
    "operator op op_type op_name kernel kernel_name name definition benchmark bench fullname "
    "function workload problem test case group description title"
)
_WIDTHS = frozenset(("d_model", "embed_dim", "hidden_size", "hidden_dim", "model_dim", "embedding"))


def known(values: Mapping[str, Cell], hint: str = "") -> Known:
    """The case of a row's cells. hint: what the file is called, where no cell says the operator."""
    told, dtype = _told(values)
    operator = _operator(values, told, hint)
    if operator is None:
        return Known(missing=("what was computed on which sizes",))
    _by_their_names(operator, values, told)
    if "D" not in told and isinstance(number := told.get("H"), int):
        told.update(_width(values, number))
    needed = [axis for axis in operator.axes if axis.otherwise is None and axis.symbol not in told]
    if needed:
        missing = [f"{axis.name} ({axis.symbol})" for axis in needed]
        missing += [] if dtype else ["dtype"]
        return Known(missing=tuple(missing), has_dtype=dtype is not None)
    return _made(operator, told, dtype)


def _made(operator: Operator, told: Mapping[str, Value], dtype: DType | None) -> Known:
    symbols = {axis.symbol for axis in operator.axes}
    of_it = {name: value for name, value in told.items() if name in symbols}
    mask_told = "causal" not in symbols or "causal" in told
    try:
        case = operator.case(of_it, dtype or DType.FP16)
        work = operator.work(case)
    except (BadCase, ValueError, ArithmeticError) as exc:
        return Known(missing=(f"a case that can be ({exc})",))
    if work is None or work.flop < 0 or work.traffic_bytes <= 0:
        return Known(missing=("a case that can be",))
    facts = CaseFacts(case, work)
    missing = () if dtype else ("dtype",)
    return Known(case, facts, missing, dtype is not None, mask_told)


@cache
def _known_operator(name: str) -> Operator:
    """One of ours, for whatever dtype and sizes others have."""
    operator = registry.find(name)
    return replace(operator, dtypes=tuple(DType), possible=lambda case: None)


def _told(values: Mapping[str, Cell]) -> tuple[dict[str, Value], DType | None]:
    """Axes by symbol, and the dtype; what stands in a key of its own before what a word tells."""
    told: dict[str, Value] = {}
    dtype: DType | None = None
    for key, cell in values.items():
        symbol = axes.symbol(key)
        value = axes.value_of(symbol, cell) if symbol else None
        if symbol and value is not None:
            told.setdefault(symbol, value)
        if axes.leaf(key) in axes.DTYPE_KEYS and isinstance(cell, str):
            dtype = dtype or axes.dtype_of(cell)
    masks = axes.named(values, axes.MASK_KEYS)
    if "causal" not in told and masks:
        told["causal"] = axes.mask_of(masks) is True
    for name, found in _in_words(values):
        if isinstance(found, DType):
            dtype = dtype or found
        else:
            told.setdefault(name, found)
    return told, dtype


def _in_words(values: Mapping[str, Cell]) -> Iterator[tuple[str, Value | DType]]:
    for key, cell in values.items():
        if not isinstance(cell, str):
            continue
        yield from axes.in_words(cell)
        if (masked := axes.mask_of(cell)) is not None and axes.leaf(key) in _OPERATOR_KEYS:
            yield "causal", masked
        if sizes := axes.product(cell):
            yield from zip("MNK", sizes, strict=True)


def _operator(values: Mapping[str, Cell], told: Mapping[str, Value], hint: str) -> Operator | None:
    texts = [v for k, v in values.items() if isinstance(v, str) and axes.leaf(k) in _OPERATOR_KEYS]
    by_axes = _by_axes(told)
    for text in (*texts, hint):
        if name := _said(text):
            # A kernel may be called as its library is: `cublas` may time anything.
            return _known_operator(by_axes if by_axes == "attention" and name == "gemm" else name)
    return _known_operator(by_axes) if by_axes else None


def _by_axes(told: Mapping[str, Value]) -> str:
    if {"M", "N", "K"} <= set(told):
        return "gemm"
    of_attention = {"S", "D", "H", "Hkv", "Skv"} & set(told)
    return "attention" if len(of_attention) > 1 or "causal" in told else ""


def _said(text: str) -> str:
    words = [word for word in re.split(r"[^a-z0-9]+", text[:300].lower()) if word]
    for name in registry.names():
        parts = name.split("_")
        if any(words[at : at + len(parts)] == parts for at in range(len(words))):
            return name if name != "copy" else ""
    return next((_BY_WORD[word] for word in words if word in _BY_WORD), "")


def _by_their_names(operator: Operator, values: Mapping[str, Cell], told: dict[str, Value]) -> None:
    """Axes of an operator whose names are its own."""
    names: dict[str, str] = {}
    for axis in operator.axes:
        names |= {axis.symbol.lower(): axis.symbol, axis.name.lower(): axis.symbol}
    for key, cell in values.items():
        symbol = names.get(axes.leaf(key))
        value = axes.value_of(symbol, cell) if symbol else None
        if symbol and symbol not in told and value is not None:
            told[symbol] = value


def _width(values: Mapping[str, Cell], number: int) -> dict[str, Value]:
    """The head dimension, where the width of the model and the number of heads are told."""
    for key, cell in values.items():
        if axes.leaf(key) in _WIDTHS and isinstance(cell, Number):
            width = cell.value / number
            if width.is_integer() and width > 0:
                return {"D": int(width)}
    return {}
