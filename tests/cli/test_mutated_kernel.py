"""A real kernel with a real mistake, on a host without a GPU: the gate holds and says where."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

pytest.importorskip("torch")

from remote_payload.contract.dtypes import DType
from remote_payload.operators import drawing
from remote_payload.operators.attention import reference
from remote_payload.operators.attention.definition import attention_case, inputs
from tests.cli.conftest import REPOSITORY, Project

MUTANT = REPOSITORY / "tests/fixtures/providers/mutated_hopper.py"
CASE = attention_case(batch=1, heads=2, seq=100, dim=64, dtype=DType.FP16, causal=True)


def test_a_mutated_hopper_kernel_fails_the_check_and_its_first_wrong_element_is_named(
    project: Project,
) -> None:
    outcome = project.orchestrator(
        *("check", "--batch", "1", "--heads", "2", "--seq", "100", "--causal"),
        *("--arch", "sm_90a", "--providers", "sparsek", "--case-limit", "400"),
        *("--provider", f"broken={MUTANT}:attention", "--json"),
    )
    assert outcome.code == 1, outcome.err
    records = {record["provider"]: record for record in outcome.json["result"]["checks"]}
    assert records["sparsek"]["status"] == "ok", "the same source without the mistake is right"
    broken = records["broken"]
    assert broken["status"] == "failed"
    assert broken["error"]["first"] == [0, 0, 16, 0], "the second warp's first query"
    q, k, v = drawing.make(inputs(CASE), CASE, seed=42)
    want = reference.attention(q, k, v, causal=True, scale=0.125)[0, 0, 16, 0]
    assert broken["error"]["first_want"] == pytest.approx(float(want))
    # That query takes itself for the first one, and sees the first key alone.
    assert broken["error"]["first_got"] == pytest.approx(float(v[0, 0, 0, 0]), abs=1e-3)
    named = f"broken on {CASE.label}: "
    where = f"first at [0, 0, 16, 0]: {float(v[0, 0, 0, 0]):.5g}, want {float(want):.5g}"
    assert outcome.json["verdict"].startswith(f"FAILED: {named}")
    assert where in outcome.json["verdict"]
    report = Path(outcome.json["report"]).read_text()
    assert "broken on B=1 H=2 S=100" in report
    assert re.search(r"first at \S*0, 0, 16, 0", report)
