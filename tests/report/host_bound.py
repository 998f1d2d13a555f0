"""A hand-made result in which the GPU waited for the host. SYNTHETIC, as all of `synthetic`."""

from __future__ import annotations

from dataclasses import replace

from remote_payload.contract.result import Result
from remote_payload.contract.words import Method, Status
from tests.report import synthetic


def host_bound_result() -> Result:
    """SYNTHETIC run in which sdpa's calls take the host 62 µs: as long as its kernels up to H=16.

    Both could be recorded in a graph at H=8 and 96; at H=16 only sdpa.
    """
    host_us = {"sdpa": 62.0, "sparsek": 7.0}
    cases = tuple(synthetic.case(heads) for heads in (8, 16, 96))
    records = []
    for record in synthetic.gpu_result().bench:
        if record.method is Method.BACK_TO_BACK and record.case in cases:
            host = synthetic.samples(host_us[record.provider], 0.01)
            slower = zip(record.samples_us, host, strict=True)
            pace = 1.021 if record.control else 1.02
            waited = tuple(round(max(gpu_us, pace * us), 4) for gpu_us, us in slower)
            records.append(replace(record, samples_us=waited, host_us=host))
    also = {"method": Method.GRAPH, "after": synthetic.state()}
    for of, theirs_us, ours_us in zip(cases, (31.0, 66.0, 371.0), (26.0, 50.0, 281.0), strict=True):
        records += [
            synthetic.bench("sdpa", of, synthetic.samples(theirs_us), **also),
            synthetic.bench("sparsek", of, synthetic.samples(ours_us, 0.006), **also),
            synthetic.bench("sdpa", of, synthetic.samples(theirs_us * 1.001), control=True, **also),
        ]
    why = "not timed by graph: RuntimeError: operation not permitted when stream is capturing"
    bench_records = tuple(
        replace(r, status=Status.SKIPPED, reason=why, samples_us=())
        if (r.provider, r.method, r.case.size("H")) == ("sparsek", Method.GRAPH, 16)
        else r
        for r in records
    )
    checks = tuple(synthetic.check(name, of) for of in cases for name in ("sdpa", "sparsek"))
    asked = synthetic.request(cases=cases)
    return replace(synthetic.gpu_result(), request=asked, checks=checks, bench=bench_records)
