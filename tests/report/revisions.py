"""SYNTHETIC results of a race between two revisions of our kernel; nothing was ever measured."""

from __future__ import annotations

from dataclasses import replace

from remote_payload.contract.machine import BuildReport, Compilation
from remote_payload.contract.request import Provider
from remote_payload.contract.result import Result
from remote_payload.contract.words import Status
from tests.report.synthetic import bench, case, check, gpu_result, request, samples

TWIN = "sparsek@1a2b3c4"
SAME = "the same sources in both: nothing to race"


def built_as(ptxas: str) -> BuildReport:
    """SYNTHETIC: of which the compiler says that."""
    return BuildReport(
        Status.OK, "", compilations=(Compilation("sm_90a", "nvcc ...", Status.OK, 1.0, ptxas),)
    )


def raced(now_us: float, then_us: float, absent: str = "") -> Result:
    """SYNTHETIC: our kernel of now and of HEAD~1 beside sdpa on one case; absent: why it is not."""
    sparsek = Provider("sparsek", required=True, against=TWIN)
    twin = Provider(TWIN, sources="before", absent=absent)
    asked = replace(request(), providers=(Provider("sdpa"), sparsek, twin), against="HEAD~1")
    whole = gpu_result()
    then = bench(TWIN, case(), samples(then_us))
    records = [
        bench("sdpa", case(), samples(400.0)),
        bench("sparsek", case(), samples(now_us)),
        *([] if absent else [then]),
        bench("sdpa", case(), samples(400.4), control=True),
    ]
    skipped = {"status": Status.SKIPPED, "reason": absent, "error": None} if absent else {}
    checks = [check(name, case()) for name in ("sdpa", "sparsek")]
    checks.append(check(TWIN, case(), output_digest=checks[1].output_digest, **skipped))
    return replace(
        whole, request=asked, checks=tuple(checks), bench=tuple(records), cases=whole.cases[4:5]
    )
