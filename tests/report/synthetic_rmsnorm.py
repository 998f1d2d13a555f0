"""A hand-made result of RMSNorm on a GPU. SYNTHETIC: no figure in here was ever measured."""

from __future__ import annotations

from dataclasses import replace

from remote_payload.contract.dtypes import DType
from remote_payload.contract.records import CeilingRecord
from remote_payload.contract.request import Provider
from remote_payload.contract.result import Result, StageReport
from remote_payload.contract.words import Method, Stage, Status
from remote_payload.operators import registry
from tests.report import synthetic

RMSNORM = registry.find("rmsnorm")
TOKENS = (128, 2048, 16384)
# Of the time at the documented bandwidth of an H100 SXM, and a launch.
_PACE = {"torch": 1.6, "torch-compile": 1.25, "triton": 1.2}


def rmsnorm_result() -> Result:
    """SYNTHETIC GPU-like profile: three providers, three lengths, two methods, an A/A control."""
    cases = RMSNORM.sweep({"T": TOKENS, "D": (8192,)}, (DType.FP16,))
    records, stages = [], (Stage.CHECK, Stage.BENCH, Stage.CEILINGS)
    for of in cases:
        work = RMSNORM.work(of)
        assert work is not None
        for method, calls in ((Method.BACK_TO_BACK, 100), (Method.COLD, 1)):
            also = {"method": method, "calls": calls, "before": synthetic.state()}
            for name, pace in _PACE.items():
                median_us = 2.0 + pace * work.traffic_bytes / 3352e3
                taken = synthetic.samples(median_us)
                records.append(synthetic.bench(name, of, taken, **also))
                if name == "torch":
                    taken = synthetic.samples(median_us * 1.001)
                    records.append(synthetic.bench(name, of, taken, control=True, **also))
    request = replace(
        synthetic.request(cases=cases),
        operator="rmsnorm",
        stages=stages,
        providers=tuple(Provider(name) for name in _PACE),
    )
    return Result(
        request=request,
        status=Status.OK,
        reason="",
        started_at="2026-11-29T10:15:30Z",
        finished_at="2026-11-29T10:18:02Z",
        machine=synthetic.gpu_machine(),
        stages=tuple(StageReport(stage, Status.OK, seconds=10.0) for stage in stages),
        checks=tuple(synthetic.check(name, of) for of in cases for name in _PACE),
        bench=tuple(records),
        ceilings=(_copy(),),
        operator=RMSNORM.facts,
        cases=tuple(RMSNORM.facts_of(of) for of in cases),
    )


def _copy() -> CeilingRecord:
    return CeilingRecord(
        "copy",
        Status.OK,
        what="torch copy of 1 GiB (synthetic)",
        unit="byte",
        work_per_call=2 << 30,
        samples_us=synthetic.samples(720.0),
        calls=10,
    )
