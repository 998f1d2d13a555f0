"""Inputs for a definition without a workload, where random ones would be none at all.

Theirs come from files of real requests. Without them, whole numbers that mark places are drawn so
that they mark some: ends of rows that a constraint ties to an axis, and numbers of rows of another
input. This is our guess, and reports say so.
"""

from __future__ import annotations

import re
from typing import Any, Dict, Mapping, Optional

import torch

from remote_payload.operators.flashinfer import constraints
from remote_payload.operators.flashinfer.drawing import facts
from remote_payload.operators.flashinfer.reading import Definition, Spec

Tensor = Any
# Of every axis that varies: what keeps a GPU busy, and what a CPU gets through.
GPU_SIZE, CPU_SIZE = 64, 4
_EQUALS = re.compile(r"\s*(\w+)\s*==\s*(\w+)\s*\+\s*1\s*\Z")
_ENDS_AT = re.compile(r"\s*(\w+)\s*==\s*(\w+)\[-1\]\.item\(\)\s*\Z")
_PLACES = re.compile(r"ind(ices|ex)|position|table|slots|_ids?\Z|idx")
_WORD = re.compile(r"[A-Za-z_]\w*")
_MOST_DOUBLINGS = 10
_MOST = 16  # of a number that counts something we do not know
_LENGTHS = re.compile(r"len|count|num")


def axes(of: Definition, size: int) -> Dict[str, int]:
    """That size for every axis that varies, or one more where a constraint says so, or as many
    times as much as a constraint wants that speaks of axes alone."""
    found = dict.fromkeys(of.varying, size)
    for text in of.constraints:
        match = _EQUALS.match(text)
        if match and match[1] in found and match[2] in found:
            found[match[1]] = found[match[2]] + 1
    for text in of.constraints:
        named = [name for name in _WORD.findall(text) if name in found]
        for _ in range(_MOST_DOUBLINGS):
            if not named or not constraints.broken((text,), facts(of, found)):
                break
            found.update({name: 2 * found[name] for name in named})
    return found


def places(
    of: Definition, spec: Spec, sizes: Mapping[str, int], generator: Any
) -> Optional[Tensor]:
    """A tensor of whole numbers that mark places; None for one that random numbers do for."""
    if spec.shape is None or not spec.dtype.startswith("int"):
        return None
    size, dtype = of.size(spec, sizes), getattr(torch, spec.dtype)
    end = _end(of, spec, sizes)
    if end is not None and len(size) == 1:
        # Even steps, so that rows of queries and of keys are of one length where both have ends.
        return torch.tensor([end * n // max(1, size[0] - 1) for n in range(size[0])]).to(dtype)
    rows = _rows(of, spec, sizes)
    if rows and _PLACES.search(spec.name):
        number = 1
        for one in size:
            number *= one
        if number <= rows:  # each once, so that nobody writes where another does
            return torch.randperm(rows, generator=generator)[:number].reshape(size).to(dtype)
        return torch.randint(0, rows, size, generator=generator).to(dtype)
    if spec.name.startswith("top_k") or _LENGTHS.search(spec.name):
        most = sizes.get("page_size", _MOST) if "page" in spec.name else _MOST
        return torch.randint(1, max(2, most + 1), size, generator=generator).to(dtype)
    return None


def _end(of: Definition, spec: Spec, sizes: Mapping[str, int]) -> Optional[int]:
    for text in of.constraints:
        match = _ENDS_AT.match(text)
        if match and match[2] == spec.name and match[1] in sizes:
            return sizes[match[1]]
    total = {"qo_indptr": "total_q", "kv_indptr": "total_kv"}.get(spec.name, "")
    return sizes.get(total) if spec.name.endswith("indptr") else None


def _rows(of: Definition, spec: Spec, sizes: Mapping[str, int]) -> Optional[int]:
    """Rows of the first other input along an axis that varies and is none of this one's own."""
    for one in of.inputs:
        first = one.shape[0] if one.shape else ""
        if one.name != spec.name and first in of.varying and first not in (spec.shape or ()):
            return sizes[first]
    return None
