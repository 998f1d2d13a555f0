"""What each ceiling is: a provider on a case of an operator, made to the size of the device."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Callable, Dict, Tuple

import torch

from remote_payload.contract.case import Case
from remote_payload.contract.dtypes import DType
from remote_payload.contract.facts import Work
from remote_payload.operators import registry
from remote_payload.operators.copy import definition as copy
from remote_payload.operators.exp import definition as exp
from remote_payload.operators.exp.kernel import VALUES_PER_BLOCK
from remote_payload.operators.gemm import definition as gemm
from remote_payload.stages.ceilings import ceilings
from remote_payload.stages.ceilings.ceilings import MOST_CPU_GEMM, Task

MIB = 1 << 20
COPY_CACHES = 8  # the buffer is this many times the L2 cache
LEAST_COPY_BYTES, CPU_COPY_BYTES = 512 * MIB, 256 * MIB
# Of the free memory: input, copy, what both have to be, and what is looked for in between.
COPY_SHARE = 8
EXP_BLOCKS_PER_SM, EXP_STEPS = 8, 2048
# What a long chain ends in tells nothing of how it began, so short ones are checked before it.
EXP_SHORT_STEPS = (4, 8)
# By the unit of a record: what of the work counts.
AMOUNT: Dict[str, Callable[[Work], int]] = {
    "byte": lambda work: work.traffic_bytes,
    "flop": lambda work: work.flop,
    "exp": lambda work: work.exponentials,
}


@dataclass(frozen=True)
class Ceiling:
    """what: how it is taken, in words. unit: of its work, as in AMOUNT. before: cases that have to
    be right first, as the timed one shows too little."""

    case: Case
    provider: str
    what: str
    unit: str
    before: Tuple[Case, ...] = ()

    @property
    def work_per_call(self) -> float:
        """In `unit`."""
        work = registry.find(self.case.operator).work(self.case)
        return float(AMOUNT[self.unit](work)) if work else 0.0


def of(name: str, task: Task) -> Ceiling:
    """The ceiling of that name on the device of the task."""
    return _MADE[name](task)


def _copy(task: Task) -> Ceiling:
    size = CPU_COPY_BYTES
    what = f"torch copy_ of {size // MIB} MiB within the CPU's memory"
    if task.setting.device == "cuda":
        l2 = getattr(torch.cuda.get_device_properties(0), "L2_cache_size", 0)
        free = torch.cuda.mem_get_info()[0]
        size = min(max(COPY_CACHES * l2, LEAST_COPY_BYTES), free // COPY_SHARE) // MIB * MIB
        what = f"torch copy_ of {size // MIB} MiB within GPU memory"
        what += f", {size / l2:.2g} times the L2 cache" if l2 else ""
    case = copy.OPERATOR.case({"N": size // DType.FP32.size_bytes}, DType.FP32)
    return Ceiling(case, copy.BASELINE, f"{what}; bytes read and written both count", "byte")


def _gemm(dtype: DType) -> Callable[[Task], Ceiling]:
    def made(task: Task) -> Ceiling:
        on_cpu = task.setting.device == "cpu"
        size = min(task.gemm_size, MOST_CPU_GEMM) if on_cpu else task.gemm_size
        library = "the CPU's BLAS" if on_cpu else "cuBLAS"
        how = f"torch.mm through {library}, {dtype.value.upper()}"
        if dtype is DType.FP8_E4M3:
            how = (
                f"torch._scaled_mm through {library}, FP8 e4m3 with BF16 output and fast "
                "accumulation"
            )
        inputs = "normally distributed inputs; every element checked in fp64"
        what = f"{how}, M = N = K = {size}, {inputs}"
        return Ceiling(gemm.square(size, dtype), gemm.BASELINE, what, "flop")

    return made


def _exp(task: Task) -> Ceiling:
    blocks = EXP_BLOCKS_PER_SM * torch.cuda.get_device_properties(0).multi_processor_count
    long, *short = (
        exp.OPERATOR.case({"N": blocks * VALUES_PER_BLOCK, "steps": steps}, DType.FP32)
        for steps in (EXP_STEPS, *EXP_SHORT_STEPS)
    )
    what = "ex2.approx.ftz.f32 alone, 8 independent chains in each of 2048 threads per SM"
    return Ceiling(long, exp.OURS, what, "exp", tuple(short))


_MADE: Dict[str, Callable[[Task], Ceiling]] = {
    ceilings.COPY: _copy,
    ceilings.GEMM_FP16: _gemm(DType.FP16),
    ceilings.GEMM_BF16: _gemm(DType.BF16),
    ceilings.GEMM_FP8: _gemm(DType.FP8_E4M3),
    ceilings.GEMM_FP32: _gemm(DType.FP32),
    ceilings.EXP: _exp,
}
