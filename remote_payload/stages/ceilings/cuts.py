"""Where ceilings took fewer samples, or a smaller matrix, than was planned."""

from __future__ import annotations

from pathlib import Path
from typing import Iterator

from remote_payload.contract.records import Cut
from remote_payload.contract.request import Request
from remote_payload.contract.result import Result
from remote_payload.contract.words import Stage, Status
from remote_payload.processes.bounded import spoken
from remote_payload.stages.ceilings import ceilings
from remote_payload.stages.cuts import late


def after(request: Request, result: Result, folder: Path) -> Iterator[Cut]:
    """The cuts that can be seen once it has run."""
    stages = {report.stage: report.status for report in result.stages}
    in_time = not late(stages.get(Stage.CEILINGS, Status.OK))
    if in_time and result.cutlass and late(result.cutlass.status):
        why = f"its limit is {spoken(request.ceilings.cutlass_limit_s)}"
        yield Cut(Stage.CEILINGS, "CUTLASS profiler", "it was stopped", why, "--cutlass-limit")
    for record in result.ceilings:
        taken = len(record.samples_us)
        if record.status is Status.OK and taken < ceilings.ROUNDS:
            why = "each ceiling has seconds only"
            yield Cut(Stage.CEILINGS, record.name, f"{taken} of {ceilings.ROUNDS} samples", why)
        size = request.ceilings.gemm_size
        if record.name == ceilings.GEMM_FP32 and size > ceilings.MOST_CPU_GEMM:
            what = f"M = N = K = {ceilings.MOST_CPU_GEMM} instead of {size}"
            yield Cut(Stage.CEILINGS, record.name, what, "a CPU needs seconds for more")
