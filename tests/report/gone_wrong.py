"""Hand-made results of runs that ended badly or say what cannot be. SYNTHETIC, all of it."""

from __future__ import annotations

from dataclasses import replace

from remote_payload.contract.machine import BuildReport, Compilation
from remote_payload.contract.records import ErrorMeasure
from remote_payload.contract.result import Result, StageReport
from remote_payload.contract.words import Stage, Status
from tests.report.synthetic import bench, case, check, gpu_result, samples, state


def failed_check_result() -> Result:
    """SYNTHETIC run that a wrong kernel ended before any timing."""
    wrong = ErrorMeasure(0.73, 12.5, 37, 50331648, 1, 0, (3, 95, 511, 63), 0.125, -0.605)
    describe = (
        "37 of 50331648 elements are outside the tolerance (1 NaN, 0 infinite); "
        "worst at [3, 95, 511, 63]: 0.125, want -0.605"
    )
    reason = f"sparsek on {case().label}: {describe}"
    checks = (
        check("sdpa", case()),
        check("sparsek", case(), status=Status.FAILED, reason=describe, error=wrong),
    )
    return replace(
        gpu_result(),
        status=Status.FAILED,
        reason=f"check: {reason}",
        checks=checks,
        bench=(),
        stages=(
            StageReport(Stage.BUILD, Status.OK),
            StageReport(Stage.CHECK, Status.FAILED, reason),
        ),
    )


def failed_build_result() -> Result:
    """SYNTHETIC run whose sources do not compile."""
    log = (
        "/workspace/blackwell-sparsek/snapshots/5e1f/csrc/attention/api.cu(12): error: "
        'identifier "undeclared" is undefined\n1 error detected.\n'
    )
    report = BuildReport(
        Status.FAILED,
        "nvcc ended with status 2",
        nvcc="nvcc 13.0.88",
        compilations=(Compilation("sm_90a", "nvcc ...", Status.FAILED, 2.5, log),),
    )
    return replace(
        gpu_result(),
        status=Status.FAILED,
        reason="build failed",
        build=report,
        checks=(),
        bench=(),
        stages=(StageReport(Stage.BUILD, Status.FAILED, "nvcc ended with status 2"),),
    )


def above_roof_result() -> Result:
    """SYNTHETIC run that claims 1288 TFLOPS on an H100."""
    too_fast = bench("sparsek", case(), samples(80.0), after=state())
    honest = [r for r in gpu_result().bench if r.provider == "sdpa" and r.case == case()]
    return replace(gpu_result(), bench=(*honest, too_fast))


def interrupted_result() -> Result:
    """SYNTHETIC run that was cancelled after nine rounds."""
    records = tuple(
        replace(r, status=Status.CANCELLED, reason="cancelled", samples_us=r.samples_us[:9])
        for r in gpu_result().bench
        if r.case == case()
    )
    return replace(
        gpu_result(), status=Status.CANCELLED, reason="cancelled on request", bench=records
    )
