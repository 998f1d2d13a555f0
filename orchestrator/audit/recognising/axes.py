"""Which case a row is about: axes under many names, shapes written as one word, element types."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache

from orchestrator.audit.recognising.cells import Cell, Number, truth
from orchestrator.audit.recognising.words import words_of
from remote_payload.contract.case import Value
from remote_payload.contract.dtypes import DType

# Symbols of the axes of attention and GEMM; other operators are asked for their own names.
_ALIASES = {
    "B": "b batch batches batch_size bs bsz n_batch nbatch",
    "H": "h heads n_heads num_heads nheads n_head num_qo_heads num_q_heads q_heads nh hq "
    "num_attention_heads head_count",
    "Hkv": "hkv kv_heads n_kv_heads num_kv_heads num_key_value_heads hk kvh h_kv kv",
    "S": "s seq seqlen seq_len sequence_length seq_length sq q_len qlen seqlen_q seq_len_q "
    "seq_q s_q n_ctx num_queries",
    "Skv": "skv kv_len kv_seq seqlen_k seqlen_kv seq_len_k seq_len_kv sk s_kv s_k kvlen num_keys",
    "D": "d dim head_dim headdim head_size d_head hd dh hdim head_dimension",
    "W": "w window window_size sliding_window",
    "causal": "causal is_causal causal_mask",
    "M": "m",
    "N": "n",
    "K": "k",
}
SYMBOLS = {word: symbol for symbol, words in _ALIASES.items() for word in words.split()}
_DTYPES = {
    DType.FP16: "fp16 f16 float16 half",
    DType.BF16: "bf16 bfloat16 nv_bfloat16",
    DType.FP32: "fp32 f32 float32 float tf32 single",
    DType.FP64: "fp64 f64 float64 double",
    DType.FP8_E4M3: "fp8 f8 e4m3 fp8_e4m3 float8_e4m3fn float8_e4m3 f8e4m3 float8",
    DType.FP8_E5M2: "e5m2 fp8_e5m2 float8_e5m2 f8e5m2",
    DType.INT8: "int8 i8 s8",
}
DTYPES = {word: dtype for dtype, words in _DTYPES.items() for word in words.split()}
DTYPE_KEYS = words_of(
    "dtype precision data_type datatype element element_type elem_type type t in_dtype "
    "input_dtype qkv_dtype torch_dtype"
)
MASK_KEYS = frozenset(("mask", "mask_type", "attn_mask", "mask_mode", "masking"))
_DENSE = frozenset(
    ("noncausal", "non_causal", "nocausal", "not_causal", "full", "dense", "bidirectional")
)
_PART = re.compile(r"([a-z_]{1,24}?)_?[=:]?(\d{1,10})(?![\d.])", re.IGNORECASE)
_PRODUCT = re.compile(r"\D{0,2}(\d{1,9})\s*[x×,]\s*(\d{1,9})\s*[x×,]\s*(\d{1,9})\D{0,2}")


@lru_cache(maxsize=4096)
def leaf(key: str) -> str:
    """The last part of a key, as aliases are written: `config.Seq Len` → `seq_len`."""
    last = key.rpartition(".")[2].strip()
    return re.sub(r"[^a-z0-9]+", "_", last.lower()).strip("_")


def symbol(key: str) -> str | None:
    """The axis that a key is; None for none."""
    return SYMBOLS.get(leaf(key))


@lru_cache(maxsize=4096)
def dtype_of(text: str) -> DType | None:
    """The element type that a word is: `torch.float16`, `__half`, `BF16`."""
    word = text.strip().lower().removeprefix("torch.").strip("_")
    return DTYPES.get(word) or DTYPES.get(word.removesuffix("_t"))


def mask_of(text: str) -> bool | None:
    """Whether words say causal; None where they say nothing of a mask."""
    plain = re.sub(r"[^a-z]+", "_", text.lower())
    words = plain.split("_")
    if _DENSE & set(words) or "non_causal" in plain or "not_causal" in plain:
        return False
    return True if "causal" in words else None


def in_words(text: str) -> Iterator[tuple[str, Value | DType]]:
    """What a shape written as one word tells: `B8_H16_S1024_D64_noncausal_float16`.

    Nothing where fewer than two sizes are told, since any name may end with a number.
    """
    found: dict[str, Value | DType] = {}
    for word in re.split(r"[\s,;/|()\[\]_-]+", _joined(text[:300])):
        if match := _PART.fullmatch(word):
            name = SYMBOLS.get(match[1].lower().strip("_"))
            if name and name not in ("causal",):
                found.setdefault(name, int(match[2]))
    if len(found) < 2:
        return
    yield from found.items()
    for word in re.split(r"[^a-zA-Z0-9]+", text[:300]):
        if dtype := dtype_of(word):
            yield "dtype", dtype
            break
    if (masked := mask_of(text)) is not None:
        yield "causal", masked


def _joined(text: str) -> str:
    """Names of axes of two words as one, and a blank around `=` and `:` away."""
    text = re.sub(r"\s*[=:]\s*", "=", text)
    for word in ("seq_len", "head_dim", "num_heads", "batch_size", "kv_heads"):
        text = re.sub(word, word.replace("_", ""), text, flags=re.IGNORECASE)
    return text


SYMBOLS |= {"numheads": "H", "batchsize": "B", "kvheads": "Hkv"}


def product(text: str) -> tuple[int, int, int] | None:
    """`4096x4096x8192`: three sizes, M, N and K where a product of matrices is meant."""
    found = _PRODUCT.fullmatch(text.strip())
    return (int(found[1]), int(found[2]), int(found[3])) if found else None


def value_of(symbol: str, value: Cell) -> Value | None:
    """The value of an axis, if a cell holds one that an axis can have."""
    if symbol == "causal":
        if isinstance(value, str) and truth(value) is None:
            return mask_of(value)
        return truth(value)
    if isinstance(value, Number) and value.value.is_integer() and 0 < value.value < 2**31:
        return int(value.value)
    return None


def named(values: Mapping[str, Cell], names: frozenset[str]) -> str:
    """The text under one of some keys, by the last part of the key; "" for none."""
    found = (v for k, v in values.items() if leaf(k) in names and isinstance(v, str))
    return next(found, "")
