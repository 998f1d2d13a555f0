"""How much of its tolerance each right kernel uses, and each planted error, as tables.

`python -m benchmarks.tolerances` prints them; `--quick` with fewer and shorter cases. Attention
goes through the check itself, on this machine's CPU, our own kernel emulated. Matrix products,
norms and softmax are computed here as kernels compute them, and measured as a check measures.
"""

from __future__ import annotations

import argparse
import math
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import torch

from remote_payload.compiling import emulation
from remote_payload.contract.case import Case
from remote_payload.contract.dtypes import DType
from remote_payload.contract.facts import Over, Tolerance
from remote_payload.contract.records import ErrorMeasure
from remote_payload.contract.request import Provider
from remote_payload.contract.words import Status
from remote_payload.operators.attention.definition import attention_case
from remote_payload.operators.base import Block
from remote_payload.operators.drawing import torch_dtype
from remote_payload.operators.judging import measure_error, tolerance
from remote_payload.operators.setting import Setting
from remote_payload.stages.check.check_case import check

ROOT = Path(__file__).resolve().parents[1]
FIXTURE = "tests/fixtures/providers/inexact.py"
FP16, BF16, FP32 = DTYPES = (DType.FP16, DType.BF16, DType.FP32)
RIGHT = (
    *(Provider(name, target=f"{FIXTURE}:{name}") for name in ("perfect", "tiled", "eager")),
    Provider("math_in_16_bits", target=f"{FIXTURE}:math_in_16_bits"),
    *(Provider(name) for name in ("sdpa", "sdpa-flash", "sdpa-math", "sparsek")),
)
PLANTED = (
    "percent_of_noise",
    "percent_of_bias",
    "percent_too_small",
    "percent_in_one_head",
    "percent_in_64_rows",
    "percent_in_one_row",
    "five_percent_in_one_row",
    "a_quarter_in_one_element",
)
MOST_EMULATED_ROWS = 300
# What has no form but the square one; what takes minutes there is asked for a few queries only.
SQUARE_ONLY = ("tiled", "eager", "math_in_16_bits", "sparsek")
PLACES = (Over.ELEMENT, Over.ROW, Over.BAND, Over.OUTPUT)


@dataclass
class Used:
    """The most that was used of each kind of gate, in how many elements of how many cases."""

    name: str
    dtype: DType
    most: dict[Over, float]
    elements: int = 0
    cases: int = 0
    refused: int = 0

    def add(self, error: ErrorMeasure, refused: bool) -> None:
        for one in error.judged:
            share = math.inf if one.used is None and one.wrong else one.used or 0.0
            self.most[one.gate.over] = max(self.most.get(one.gate.over, 0.0), share)
        self.elements += error.elements
        self.cases += 1
        self.refused += refused

    def row(self) -> str:
        shares = " | ".join(f"{self.most.get(over, 0.0):.2f}" for over in PLACES)
        count = f"{self.elements / 1e6:.2f} M in {self.cases}"
        refused = f"{self.refused} of {self.cases}"
        return f"| {self.name} | {self.dtype.value} | {shares} | {count} | {refused} |"


def header(title: str) -> str:
    return (
        f"\n{title}\n\n| kernel | dtype | element | row | band | output | elements in cases "
        "| refused |\n|---|---|---|---|---|---|---|---|"
    )


def cases(dtype: DType, quick: bool) -> Iterator[Case]:
    """Lengths from 1 to 65,536, with and without a mask; then other forms."""
    lengths = (1, 2, 3, 7, 16, 33, 64, 129, 256, 512, 1024)
    for causal in (False, True):
        for length in lengths[:: 3 if quick else 1]:
            for dim in (64,) if quick else (64, 128, 256):
                yield attention_case(1, max(2, 1024 // length), length, dim, dtype, causal)
        for length in (65536,) if quick else (2048, 4096, 16384, 32768, 65536):
            yield attention_case(1, 2, 64, 64, dtype, causal, kv_seq=length)
    yield attention_case(1, 8, 300, 64, dtype, True, kv_heads=2)
    yield attention_case(1, 4, 512, 64, dtype, True, window=64)
    yield attention_case(4, 8, 1, 128, dtype, True, kv_heads=1, kv_seq=4096)


def right(
    setting: Setting, quick: bool, seeds: Sequence[int], kernels: Sequence[Provider] = RIGHT
) -> None:
    """Attention that is as it should be."""
    print(header("Right kernels"))
    for provider in kernels:
        for dtype in DTYPES:
            used = Used(provider.name, dtype, {})
            for seed in seeds:
                for case in cases(dtype, quick):
                    _add(used, provider, case, replace(setting, seed=seed))
            if used.cases:
                print(used.row(), flush=True)


def planted(setting: Setting) -> None:
    """Attention that is off by a little."""
    print(header("Planted errors, of 1 % of the spread if nothing else is said"))
    for name in PLANTED:
        for dtype in DTYPES:
            used = Used(name.replace("_", " "), dtype, {})
            for length in (128, 1024, 65536):
                case = attention_case(1, 2, min(length, 128), 64, dtype, kv_seq=length)
                _add(used, Provider(name, target=f"{FIXTURE}:{name}"), case, setting)
            print(used.row(), flush=True)


def _add(used: Used, provider: Provider, case: Case, setting: Setting) -> None:
    square = case.size("S") == case.size("Skv", case.size("S"))
    plain = square and not case.size("W", 0) and not case.size("Hkv", 0)
    if provider.name in SQUARE_ONLY and not plain:
        return
    if provider.name == "sparsek" and case.size("S") * case.size("H") > MOST_EMULATED_ROWS * 8:
        return
    record = check(provider, case, setting)
    if record.status is not Status.SKIPPED and record.error is not None:
        used.add(record.error, record.status is not Status.OK)
    elif record.status is Status.FAILED:
        print(f"{provider.name} {case.label}: {record.reason}")


Computed = tuple[torch.Tensor, torch.Tensor]  # what a kernel gave, and the truth in fp64


def product(dtype: DType, depth: int, seed: int, kept: DType = FP32, chunk: int = 16) -> Computed:
    """C of [64, 256], `chunk` products at a time; each sum so far is rounded to `kept`."""
    generator = torch.Generator().manual_seed(seed)
    a = torch.randn(64, depth, generator=generator).to(torch_dtype(dtype))
    b = torch.randn(depth, 256, generator=generator).to(torch_dtype(dtype))
    total = torch.zeros(64, 256)
    for start in range(0, depth, chunk):
        part = slice(start, start + chunk)
        total = (total + a[:, part].float() @ b[part].float()).to(torch_dtype(kept)).float()
    return total.to(torch_dtype(dtype)), a.double() @ b.double()


def narrowed(dtype: DType, depth: int, seed: int, inner: DType) -> Computed:
    """A product in FP32 whose operands are rounded to another type."""
    generator = torch.Generator().manual_seed(seed)
    a, b = (torch.randn(*size, generator=generator) for size in ((64, depth), (depth, 256)))
    rounded = (tensor.to(torch_dtype(inner)).float() for tensor in (a, b))
    out = next(rounded) @ next(rounded)
    return out.to(torch_dtype(dtype)), a.double() @ b.double()


def norm(dtype: DType, width: int, seed: int) -> Computed:
    """RMSNorm as models have it: the normalised row is rounded, then its product with a weight."""
    generator = torch.Generator().manual_seed(seed)
    x, weight = (
        torch.randn(*size, generator=generator).to(torch_dtype(dtype))
        for size in ((256, width), (width,))
    )
    wide = x.float()
    scaled = wide * torch.rsqrt(wide.square().mean(-1, keepdim=True) + 1e-6)
    exact = x.double() * torch.rsqrt(x.double().square().mean(-1, keepdim=True) + 1e-6)
    return scaled.to(torch_dtype(dtype)) * weight, exact * weight.double()


def softmax(dtype: DType, width: int, seed: int) -> Computed:
    generator = torch.Generator().manual_seed(seed)
    x = torch.randn(64, width, generator=generator).to(torch_dtype(dtype))
    return x.softmax(-1), x.double().softmax(-1)


Kernel = Callable[[DType, int, int], Computed]
SUMS: tuple[tuple[str, Kernel, tuple[DType, ...], tuple[int, ...], int], ...] = (
    ("GEMM, sums in FP32", product, DTYPES, (1, 16, 64, 512, 4096, 16384), 1),
    (
        "GEMM, each product added in FP32 by itself",
        lambda dtype, depth, seed: product(dtype, depth, seed, chunk=1),
        DTYPES,
        (64, 4096),
        1,
    ),
    ("RMSNorm", norm, DTYPES, (64, 1024, 8192), 2),
    ("softmax", softmax, DTYPES, (2, 64, 1000, 65536), 1),
    (
        "GEMM, sums of 16 products added in its own type",
        lambda dtype, depth, seed: product(dtype, depth, seed, dtype),
        (FP16, BF16),
        (512, 4096),
        1,
    ),
    (
        "GEMM, operands rounded to FP16",
        lambda dtype, depth, seed: narrowed(dtype, depth, seed, FP16),
        (FP32,),
        (64, 4096, 16384),
        1,
    ),
)


def sums(quick: bool, seeds: Sequence[int]) -> None:
    print(header("Other sums, by `of_sums`"))
    for name, kernel, dtypes, lengths, roundings in SUMS:
        for dtype in dtypes:
            used = Used(name, dtype, {})
            for length in lengths[:2] if quick else lengths:
                allowed = tolerance.of_sums(dtype, length, roundings=roundings)
                for seed in seeds:
                    out, want = kernel(dtype, length, seed)
                    error = measured(out, want, allowed)
                    used.add(error, bool(measure_error.describe(error)))
            print(used.row(), flush=True)


def measured(out: torch.Tensor, want: torch.Tensor, allowed: Tolerance) -> ErrorMeasure:
    return measure_error.measure((out,), [Block(0, want)], allowed)


def main() -> None:
    """Print every table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer and shorter cases")
    parser.add_argument("--seeds", type=int, default=2, metavar="N", help="draws of each case")
    parser.add_argument("--builds", type=Path, help="folder for the emulated kernel, kept")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        library = emulation.library(ROOT, given.builds or Path(folder))
        seeds = range(given.seeds)
        sums(given.quick, seeds)
        setting = Setting("cpu", str(ROOT), 0, library=library)
        right(setting, given.quick, seeds)
        planted(setting)


if __name__ == "__main__":
    main()
