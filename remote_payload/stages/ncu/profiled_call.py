"""`python3 -m remote_payload.stages.ncu.profiled_call CASE.json`: the program that ncu profiles.

It makes one call of one provider on one shape inside an NVTX range, in a process of its own, and
takes no time: under a profiler none would be true.
"""

from __future__ import annotations

import contextlib
import sys
from pathlib import Path
from typing import ContextManager

import torch

from remote_payload.contract import codec
from remote_payload.operators.attention import inputs
from remote_payload.providers.loading import load
from remote_payload.stages.check.check_case import require_form, scale_of, settle, to_device
from remote_payload.stages.ncu.ncu_case import Case

# Lazy loading, autotuning and the allocator's first blocks stay outside the range.
WARMUP_CALLS = 3


def main(path: Path) -> None:
    """Carry out the case in `path`; whatever the provider raises ends the process."""
    case = codec.loads(Case, path.read_text("utf-8"))
    loaded = load(case.provider, case.setting)
    qkv = to_device(inputs.given(case.shape, case.setting), case.setting)
    arguments = {"causal": case.shape.causal, "scale": scale_of(case.shape)}
    print(f"profiled call of {loaded.implementation(*qkv, **arguments)}", flush=True)
    with torch.no_grad(), loaded.within():
        for _ in range(WARMUP_CALLS):
            loaded.call(*qkv, **arguments)
        settle(case.setting)
        with _range(case):
            out = loaded.call(*qkv, **arguments)
            settle(case.setting)
    require_form(out, qkv[0])


def _range(case: Case) -> ContextManager[None]:
    """The NVTX range that ncu filters by; torch has none without CUDA."""
    if case.setting.device != "cuda":
        return contextlib.nullcontext()
    found: ContextManager[None] = torch.cuda.nvtx.range(case.nvtx_range)
    return found


if __name__ == "__main__":
    main(Path(sys.argv[1]))
