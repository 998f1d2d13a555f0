"""Copy, GEMM and exp on the device itself; runs inside the ceilings worker process."""

from __future__ import annotations

import gc
from dataclasses import dataclass, replace
from typing import Any, Callable, Dict, Iterator

import torch

from remote_payload.contract.records import CeilingRecord
from remote_payload.contract.words import Status
from remote_payload.machine.clock import CpuClock, CudaClock
from remote_payload.processes import places
from remote_payload.processes.isolate import Pipe
from remote_payload.processes.places import sentence
from remote_payload.stages.ceilings import ceilings
from remote_payload.stages.ceilings.ceilings import MOST_CPU_GEMM, ROUNDS, Task
from remote_payload.stages.ceilings.exp_kernel import STEPS_PER_PASS, VALUES_PER_BLOCK, ExpChains

Tensor = Any

FEWEST_ROUNDS = 6  # fewer than six samples have no interval
SAMPLE_US = 20_000.0  # one sample, launches and events being lost in it
MOST_CALLS = 2000
WARM_SHARE = 0.3  # of a ceiling's time, before the first sample, for clocks to settle
US_PER_S = 1e6

MIB = 1 << 20
COPY_CACHES = 8  # the buffer is this many times the L2 cache
LEAST_COPY_BYTES, CPU_COPY_BYTES = 512 * MIB, 256 * MIB
ROW_STEP = 64  # every tile of 64 rows or more has a row that is checked
FP8_CAPABILITY = (8, 9)
# Largest relative error of a row, |c - c64| / |c64| in the Euclidean norm, for K = 4096: some units
# of the output's rounding, below 1/sqrt(K), which a single lost product makes.
ROW_ERROR = {"fp32": 2.0**-18, "fp16": 2.0**-9, "bf16": 2.0**-7, "fp8": 2.0**-6}
EXP_BLOCKS_PER_SM, EXP_PASSES = 8, 512
EXP_FIXED_POINT = 0.6411857445  # x = 2^-x
EXP_ERROR = 1e-5


class Unsupported(Exception):
    """This device or this torch does not have it; the text says which."""


@dataclass(frozen=True)
class Trial:
    """One ceiling, ready to run. wrong: why an output cannot be right, empty if it can."""

    what: str
    unit: str
    work_per_call: float
    call: Callable[[], Tensor]
    wrong: Callable[[Tensor], str]


def serve(pipe: Pipe, task: Task) -> None:
    """The worker's life: a ceiling's name in; records with ever more samples out, the last marked
    True."""
    gc.disable()  # a collection inside a burst would be measured
    clock = CudaClock() if task.device == "cuda" else CpuClock()
    while True:
        try:
            name: str = pipe.recv()
        except EOFError:
            return
        record = CeilingRecord(name, Status.FAILED)
        try:
            with torch.no_grad():
                for record in _measure(name, task, clock):
                    pipe.send((record, False))
        except Unsupported as exc:
            record = replace(record, status=Status.SKIPPED, reason=str(exc))
        except Exception as exc:
            places.trace()
            record = replace(record, status=Status.FAILED, reason=f"raised {sentence(exc)}")
        gc.collect()
        pipe.send((record, True))


def _measure(name: str, task: Task, clock: Any) -> Iterator[CeilingRecord]:
    """The record after each step; nothing is timed before its result was found right."""
    trial = _TRIALS[name](task)
    record = CeilingRecord(
        name, Status.FAILED, "unfinished", trial.what, trial.unit, trial.work_per_call
    )
    wrong = trial.wrong(trial.call())
    if wrong:
        yield replace(record, reason=f"its result is wrong: {wrong}")
        return
    one_us = clock.burst(trial.call, 0, 1).time_us
    slot_us = task.slot_s * US_PER_S
    calls = _between(1, SAMPLE_US / one_us, MOST_CALLS)
    rounds = _between(FEWEST_ROUNDS, (1 - WARM_SHARE) * slot_us / (calls * one_us), ROUNDS)
    warm = _between(1, WARM_SHARE * slot_us / one_us, MOST_CALLS * ROUNDS)
    record = replace(record, calls=calls)
    yield record
    clock.burst(trial.call, 0, warm)
    for _ in range(rounds):
        burst = clock.burst(trial.call, 0, calls)
        record = replace(record, samples_us=(*record.samples_us, burst.time_us))
        yield record
    wrong = trial.wrong(burst.out)
    if wrong:
        yield replace(record, reason=f"the result of the last timed call is wrong: {wrong}")
        return
    yield replace(record, status=Status.OK, reason="")


def _between(low: int, value: float, high: int) -> int:
    return max(low, min(int(value), high))


def _generator(task: Task) -> Any:
    return torch.Generator(device=task.device).manual_seed(task.seed)


def _copy(task: Task) -> Trial:
    size = CPU_COPY_BYTES
    what = f"torch copy_ of {size // MIB} MiB within the CPU's memory"
    if task.device == "cuda":
        l2 = getattr(torch.cuda.get_device_properties(0), "L2_cache_size", 0)
        free = torch.cuda.mem_get_info()[0]
        size = min(max(COPY_CACHES * l2, LEAST_COPY_BYTES), free // 4) // MIB * MIB
        what = f"torch copy_ of {size // MIB} MiB within GPU memory"
        what += f", {size / l2:.2g} times the L2 cache" if l2 else ""
    source = torch.empty(size // 8, dtype=torch.int64, device=task.device)
    source.random_(generator=_generator(task))
    target = torch.zeros_like(source)
    return Trial(
        what=f"{what}; bytes read and written both count",
        unit="byte",
        work_per_call=2.0 * size,
        call=lambda: target.copy_(source),
        wrong=lambda out: "" if torch.equal(out, source) else "the copy differs from its source",
    )


def _gemm(kind: str, dtype: Any) -> Callable[[Task], Trial]:
    def trial(task: Task) -> Trial:
        size = min(task.gemm_size, MOST_CPU_GEMM) if task.device == "cpu" else task.gemm_size
        generator = _generator(task)
        a, b = (
            torch.randn(size, size, device=task.device, generator=generator).to(dtype)
            for _ in range(2)
        )
        c = torch.empty(size, size, dtype=dtype, device=task.device)
        library = "cuBLAS" if task.device == "cuda" else "the CPU's BLAS"
        return Trial(
            what=f"torch.mm through {library}, {kind.upper()}, {_gemm_words(size)}",
            unit="flop",
            work_per_call=2.0 * size**3,
            call=lambda: torch.mm(a, b, out=c),
            wrong=lambda out: _wrong_rows(out, a, b, ROW_ERROR[kind]),
        )

    return trial


def _gemm_fp8(task: Task) -> Trial:
    if task.capability is None or task.capability < FP8_CAPABILITY:
        raise Unsupported("the GPU has no FP8 (compute capability 8.9 or newer has)")
    scaled_mm, dtype = getattr(torch, "_scaled_mm", None), getattr(torch, "float8_e4m3fn", None)
    if scaled_mm is None or dtype is None:
        raise Unsupported(f"torch {torch.__version__} has no torch._scaled_mm for FP8")
    size, generator = task.gemm_size, _generator(task)
    a, b = (
        torch.randn(size, size, device=task.device, generator=generator).to(dtype) for _ in range(2)
    )
    one = torch.ones((), device=task.device)

    def call() -> Tensor:
        # b has to be column-major. torch 2.4 and older return (output, largest magnitude).
        out = scaled_mm(
            a, b.t(), scale_a=one, scale_b=one, out_dtype=torch.bfloat16, use_fast_accum=True
        )
        return out[0] if isinstance(out, tuple) else out

    return Trial(
        what="torch._scaled_mm through cuBLAS, FP8 e4m3 with BF16 output and fast accumulation, "
        + _gemm_words(size),
        unit="flop",
        work_per_call=2.0 * size**3,
        call=call,
        wrong=lambda out: _wrong_rows(out, a, b.t(), ROW_ERROR["fp8"]),
    )


def _gemm_words(size: int) -> str:
    inputs = "normally distributed inputs"
    return f"M = N = K = {size}, {inputs}; every {ROW_STEP}th row checked in fp64"


def _wrong_rows(out: Tensor, a: Tensor, b: Tensor, limit: float) -> str:
    """Compare every ROW_STEP-th row and the last with fp64."""
    rows = [*range(0, out.shape[0] - 1, ROW_STEP), out.shape[0] - 1]
    want = a.to(torch.float32)[rows].double() @ b.to(torch.float32).double()
    error = (out[rows].double() - want).norm(dim=1) / want.norm(dim=1)
    worst = float(error.max())
    # A NaN compares with nothing, and has to count as wrong.
    return "" if worst <= limit else f"a row is off by {worst:.3g} of its norm, allowed {limit:.3g}"


def _exp(task: Task) -> Trial:
    kernel = ExpChains(task.exp_library)
    blocks = EXP_BLOCKS_PER_SM * torch.cuda.get_device_properties(0).multi_processor_count
    values = torch.rand(blocks * VALUES_PER_BLOCK, device=task.device, generator=_generator(task))
    start = values.clone()

    def launch(x: Tensor, passes: int) -> Tensor:
        kernel(x.data_ptr(), blocks, passes, torch.cuda.current_stream().cuda_stream)
        return x

    def wrong(out: Tensor) -> str:
        off = float((out.double() - EXP_FIXED_POINT).abs().max())
        for passes in (1, 2):
            want = start.double()
            for _ in range(passes * STEPS_PER_PASS):
                want = torch.exp2(-want)
            short = float((launch(start.clone(), passes).double() - want).abs().max())
            off = max(off, short) if short == short else short
        return "" if off <= EXP_ERROR else f"a value is off by {off:.3g}, allowed {EXP_ERROR:g}"

    return Trial(
        what="ex2.approx.ftz.f32 alone, 8 independent chains in each of 2048 threads per SM",
        unit="exp",
        work_per_call=float(values.numel()) * EXP_PASSES * STEPS_PER_PASS,
        call=lambda: launch(values, EXP_PASSES),
        wrong=wrong,
    )


_TRIALS: Dict[str, Callable[[Task], Trial]] = {
    ceilings.COPY: _copy,
    ceilings.GEMM_FP16: _gemm("fp16", torch.float16),
    ceilings.GEMM_BF16: _gemm("bf16", torch.bfloat16),
    ceilings.GEMM_FP8: _gemm_fp8,
    ceilings.GEMM_FP32: _gemm("fp32", torch.float32),
    ceilings.EXP: _exp,
}
