"""SYNTHETIC traces and ceilings beside `synthetic`: no GPU ever gave any of these figures."""

from __future__ import annotations

from dataclasses import replace

from remote_payload.contract.records import CeilingRecord, KernelTrace, TraceRecord
from remote_payload.contract.result import Result, StageReport
from remote_payload.contract.words import Stage, Status
from tests.report import synthetic

FLASH = KernelTrace(
    "void flash_fwd_kernel<Flash_fwd_kernel_traits<64, 128, 64, 4> >(Flash_fwd_params)",
    360.0,
    (4, 16, 96),
    (128, 1, 1),
    232,
    66560,
)
OURS = KernelTrace(
    "void sparsek::forward<64, false>(float*)", 281.0, (132, 1, 1), (512, 1, 1), 128, 229376
)


def trace(provider: str, *kernels: KernelTrace, **changes: object) -> TraceRecord:
    record = TraceRecord(provider, synthetic.case(), Status.OK, "", 2, kernels * 2)
    return replace(record, **changes)  # type: ignore[arg-type]


def ceiling(name: str, unit: str, work: float, median_us: float) -> CeilingRecord:
    samples = synthetic.samples(median_us)
    return CeilingRecord(name, Status.OK, "", "SYNTHETIC", unit, work, samples)


CEILINGS = (
    ceiling("copy", "byte", 3e9, 1000.0),
    ceiling("gemm-fp16", "flop", 137.4e9, 190.0),
    ceiling("exp", "exp", 3.6e9, 1000.0),
)


def result(*records: TraceRecord, **changes: object) -> Result:
    """The synthetic GPU run with a trace stage that brought `records`."""
    base = synthetic.gpu_result()
    whole = replace(
        base,
        request=replace(base.request, stages=(*base.request.stages, Stage.TRACE)),
        stages=(*base.stages, StageReport(Stage.TRACE, Status.OK)),
        traces=records or (trace("sdpa", FLASH), trace("sparsek", OURS)),
    )
    return replace(whole, **changes)  # type: ignore[arg-type]
