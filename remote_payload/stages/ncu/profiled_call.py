"""`python3 -m remote_payload.stages.ncu.profiled_call CASE.json`: the program that ncu profiles.

It makes one call of one provider on one case inside an NVTX range, in a process of its own, and
takes no time: under a profiler none would be true.
"""

from __future__ import annotations

import contextlib
import sys
from pathlib import Path
from typing import ContextManager

import torch

from remote_payload.contract import codec
from remote_payload.operators.problem import Problem, operator_of
from remote_payload.providers.loading import load
from remote_payload.stages.ncu.ncu_case import Call

# Lazy loading, autotuning and the allocator's first blocks stay outside the range.
WARMUP_CALLS = 3


def main(path: Path) -> None:
    """Carry out the case in `path`; whatever the provider raises ends the process."""
    order = codec.loads(Call, path.read_text("utf-8"))
    loaded = load(order.provider, order.setting)
    problem = Problem(operator_of(order.setting), order.case, order.setting)
    inputs = problem.to_device(problem.drawn())
    print(f"profiled call of {problem.implementation(loaded, inputs)}", flush=True)
    call = problem.bind(loaded, inputs)
    with torch.no_grad(), loaded.within():
        for _ in range(WARMUP_CALLS):
            call()
        problem.settle()
        with _range(order):
            out = call()
            problem.settle()
    problem.outputs(out)


def _range(order: Call) -> ContextManager[None]:
    """The NVTX range that ncu filters by; torch has none without CUDA."""
    if order.setting.device != "cuda":
        return contextlib.nullcontext()
    found: ContextManager[None] = torch.cuda.nvtx.range(order.nvtx_range)
    return found


if __name__ == "__main__":
    main(Path(sys.argv[1]))
