"""vector_add through the real command line on this machine, as its page says."""

from __future__ import annotations

import pytest

from remote_payload.contract.words import Status
from tests import toolkit
from tests.examples.conftest import Reader

pytest.importorskip("torch")


def test_that_a_vector_add_in_cuda_is_compiled_and_its_reference_timed(reader: Reader) -> None:
    quick = (
        "--case",
        "N=1001",
        "--rounds",
        "2",
        "--starts",
        "2",
        "--bench-budget",
        "1",
        "--arch",
        "sm_90a",
    )
    code, result = reader.told("vector_add", *quick)
    checks = {record.provider: record for record in result.checks}
    assert checks["reference"].status is Status.OK
    said = "compiled, not run: no GPU here" if toolkit.is_here() else "there is no nvcc here"
    assert said in checks["cuda"].reason
    assert (code, result.unfit) == (4, True), "a provider that was asked for did not run"
    timed = [one for one in result.bench if one.status is Status.OK]
    assert {one.provider for one in timed} == {"reference"}
