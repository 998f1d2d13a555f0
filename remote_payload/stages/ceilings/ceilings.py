"""Ceilings of operators that we have, one after another in a worker that may crash or hang."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Callable, List, Optional, Sequence, Tuple

from remote_payload.contract.machine import GpuState
from remote_payload.contract.records import CeilingRecord
from remote_payload.contract.words import Stage, Status
from remote_payload.operators.setting import Setting
from remote_payload.processes.announce import say, step
from remote_payload.processes.bounded import spoken
from remote_payload.processes.guarded import Guarded
from remote_payload.processes.isolate import Deadline, Died, Pipe, Silent

GpuProbe = Callable[[Sequence[int]], Optional[GpuState]]  # given the pids of our own workers
Keep = Callable[[Tuple[CeilingRecord, ...]], None]

COPY, EXP = "copy", "exp"
GEMM_FP16, GEMM_BF16, GEMM_FP8, GEMM_FP32 = "gemm-fp16", "gemm-bf16", "gemm-fp8", "gemm-fp32"
ON_CUDA = (COPY, GEMM_FP16, GEMM_BF16, GEMM_FP8, EXP)
ON_CPU = (COPY, GEMM_FP32)
ROUNDS = 20  # samples of each, if there is time
MOST_CPU_GEMM = 1024  # 4096³ takes seconds on a laptop
NO_GPU = "needs a CUDA GPU; this run is on the CPU"
# Between two messages of the worker: the first GEMM of a size may load and tune a library.
SILENCE_LIMIT_S = 120.0


@dataclass(frozen=True)
class Task:
    """What the worker has to know. gemm_size: M = N = K; slot_s: seconds for each ceiling.

    setting: of the run; each ceiling has an operator of its own.
    """

    setting: Setting
    gemm_size: int
    slot_s: float


def names(device: str) -> Tuple[str, ...]:
    """What is measured on the device, in this order."""
    return ON_CUDA if device == "cuda" else ON_CPU


def without_gpu() -> Tuple[CeilingRecord, ...]:
    """Records of what only a GPU has, for a run on the CPU."""
    left_out = [name for name in ON_CUDA if name not in ON_CPU]
    return tuple(CeilingRecord(name, Status.SKIPPED, NO_GPU) for name in left_out)


def run(
    task: Task,
    deadline: Deadline,
    gpu: GpuProbe,
    keep: Keep,
    work: Optional[Callable[[Pipe, Task], None]] = None,
) -> Tuple[CeilingRecord, ...]:
    """Measure all ceilings, handing the records so far to `keep` after each. Raises OutOfTime.

    work: what the worker process does.
    """
    records: List[CeilingRecord] = []
    wanted = names(task.setting.device)
    with _Taker(task, deadline, gpu, work or _serve) as taker:
        for number, name in enumerate(wanted):
            deadline.require()
            step(Stage.CEILINGS, number, len(wanted), name)
            record = taker.take(name)
            say(f"ceiling {name}: {_line(record)}")
            records.append(record)
            keep(tuple(records))
    step(Stage.CEILINGS, len(wanted), len(wanted), "measured")
    return tuple(records)


class _Taker:
    """One ceiling after another, each looked at from outside."""

    def __init__(
        self, task: Task, deadline: Deadline, gpu: GpuProbe, work: Callable[[Pipe, Task], None]
    ) -> None:
        self._deadline, self._gpu = deadline, gpu
        self._worker = Guarded(work, task)

    def __enter__(self) -> _Taker:
        return self

    def __exit__(self, *_: object) -> None:
        self._worker.drop()

    def take(self, name: str) -> CeilingRecord:
        """The record of one ceiling, whatever happens to the process; samples taken are kept."""
        record, done = CeilingRecord(name, Status.FAILED), False
        before = after = None
        limit_s = SILENCE_LIMIT_S
        try:
            before = self._gpu(_known(self._worker.pid))
            self._worker.send(name)
            while not done:
                limit_s = self._deadline.allow(SILENCE_LIMIT_S)
                record, done = self._worker.hear(limit_s)
            after = self._gpu(_known(self._worker.pid))
        except Silent:
            reason = f"nothing was heard for {spoken(limit_s)}; its process was killed"
            record = replace(record, status=Status.TIMEOUT, reason=reason)
        except Died as exc:
            record = replace(record, status=Status.FAILED, reason=f"crashed: {exc}")
        if record.status not in (Status.OK, Status.SKIPPED):
            self._worker.drop()
        return replace(record, before=before, after=after)


def _line(record: CeilingRecord) -> str:
    if record.status is not Status.OK:
        return f"{record.status.value}, {record.reason}"
    slowest, fastest = max(record.samples_us), min(record.samples_us)
    low, high = (record.work_per_call / us / 1e6 for us in (slowest, fastest))
    count = f"{len(record.samples_us)} samples of {record.calls} calls"
    return f"{count}, {low:.4g} to {high:.4g} T{record.unit}/s"


def _serve(pipe: Pipe, task: Task) -> None:
    from remote_payload.stages.ceilings import (
        ceiling_timing,  # here, so that the parent never imports torch
    )

    ceiling_timing.serve(pipe, task)


def _known(pid: Optional[int]) -> Tuple[int, ...]:
    return () if pid is None else (pid,)
