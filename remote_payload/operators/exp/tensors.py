"""The half of exp that needs torch: the truth, and our kernel made callable."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Any, Iterator

import torch

from remote_payload.compiling.errors import NoCompiler
from remote_payload.contract.case import Case
from remote_payload.operators.base import Block
from remote_payload.operators.exp import kernel
from remote_payload.operators.exp.kernel import STEPS_PER_PASS, VALUES_PER_BLOCK
from remote_payload.operators.loaded import CannotRun, Loaded
from remote_payload.operators.setting import Setting

Tensor = Any

# 2^-x takes a distance over by ln 2 of it at most, for x in [0, 1]: after so many steps less is
# left than fp64 can tell.
_STEPS_THAT_TELL = 128
BLOCK_ELEMENTS = 1 << 22


def reference(case: Case, x: Tensor) -> Iterator[Block]:
    """2^-x in fp64, as often as was asked."""
    for start in range(0, x.numel(), BLOCK_ELEMENTS):
        want = x[start : start + BLOCK_ELEMENTS].double()
        for _ in range(min(case.size("steps"), _STEPS_THAT_TELL)):
            want = torch.exp2(want.neg_())
        yield Block(start, want)


def load(name: str, setting: Setting) -> Loaded:
    """Our kernel, compiled if need be. CannotRun: no GPU, or no nvcc. Raises CompileError."""
    if setting.device != "cuda":
        raise CannotRun(f"{name} needs a CUDA GPU; this run is on the CPU")
    capability = torch.cuda.get_device_capability()
    try:
        library = kernel.library(Path(setting.root), Path(setting.builds), capability)
    except NoCompiler as exc:
        raise CannotRun(str(exc)) from exc
    chains = kernel.ExpChains(library)

    def call(x: Tensor, steps: int) -> Tensor:
        y = torch.empty_like(x)
        blocks, passes = x.numel() // VALUES_PER_BLOCK, steps // STEPS_PER_PASS
        stream = torch.cuda.current_stream().cuda_stream
        chains(x.data_ptr(), y.data_ptr(), blocks, passes, stream)
        return y

    def implementation(x: Tensor, steps: int) -> str:
        if x.numel() % VALUES_PER_BLOCK or steps % STEPS_PER_PASS:
            each = f"{VALUES_PER_BLOCK} chains and {STEPS_PER_PASS} steps"
            raise CannotRun(f"{name} takes multiples of {each}")
        return f"{kernel.SOURCE} for {'sm_{}{}'.format(*capability)}"

    return Loaded(call, contextlib.nullcontext, implementation)
