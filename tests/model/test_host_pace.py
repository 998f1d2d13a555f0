"""Whether the GPU waited for the host, told from what the host needed to enqueue each burst."""

from __future__ import annotations

from dataclasses import replace

import pytest

from orchestrator.performance.host_pace import MOST_CALLS_AHEAD, bound_by_host, host_share
from orchestrator.performance.objection import Severity, objections
from remote_payload.contract.records import BenchRecord
from remote_payload.contract.words import Method
from tests.report import synthetic
from tests.report.host_bound import host_bound_result

CASE = synthetic.case(8)


def timed(provider: str, gpu_us: float, host_us: float, **changes: object) -> BenchRecord:
    """A burst as a GPU would show it: the slower of the two sets the pace."""
    record = synthetic.bench(provider, CASE, synthetic.samples(max(gpu_us, host_us * 1.02)))
    return replace(record, host_us=synthetic.samples(host_us), **changes)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("host_us", "bound"), [(6.0, False), (17.8, False), (18.2, True), (31.0, True)]
)
def test_a_kernel_of_20_us_is_bound_by_a_host_that_needs_18(host_us: float, bound: bool) -> None:
    assert bound_by_host(timed("sdpa", 20.0, host_us)) is bound


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"host_us": ()}, id="a result of before"),
        pytest.param({"host_us": (31.0,) * 3}, id="not one for each sample"),
        pytest.param({"host_us": (0.0,) * synthetic.SAMPLES}, id="no times at all"),
        pytest.param({"method": Method.COLD}, id="single cold calls"),
        pytest.param({"calls": MOST_CALLS_AHEAD + 1}, id="more calls than a stream takes ahead"),
    ],
)
def test_where_the_share_is_not_known_nothing_is_called_bound(changes: dict[str, object]) -> None:
    record = timed("sdpa", 20.0, 31.0)
    assert bound_by_host(record)
    unknown = replace(record, **changes)  # type: ignore[arg-type]
    assert host_share(unknown) is None
    assert not bound_by_host(unknown)


def test_the_report_notes_whose_times_are_the_hosts() -> None:
    (note,) = objections(host_bound_result())
    assert note.severity is Severity.NOTE
    assert "the GPU waited for the host (sdpa on 2 cases)" in note.text
