"""`orchestrator profile --operator gemm`, from the command line to the report."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import tests.kernels.conftest  # noqa: F401  it puts the place of blackwell_sparsek on the path
from tests.cli.conftest import Project, builds, project

__all__ = ["builds", "project"]


def test_a_profile_of_gemm_speaks_of_gemm_and_has_its_rates(project: Project) -> None:
    pytest.importorskip("torch")
    outcome = project.orchestrator(
        "profile",
        *("--operator", "gemm", "--case", "M=16,32,64", "--dtype", "fp32", "--device", "cpu"),
        *("--starts", "2", "--bench-budget", "1", "--no-ncu"),
    )
    assert outcome.code == 0, outcome.err
    verdict, path = outcome.out.splitlines()[0], Path(outcome.out.splitlines()[1])
    # Of a loaded machine it is said that it is not steady.
    assert verdict.startswith(("OK: torch takes ", "UNSTEADY: torch takes "))
    assert "on M=64 N=64 K=64 fp32" in verdict
    told = path.read_text()
    assert re.search(r"ran\? \| GEMM\b.*-local-profile, ", told)
    assert "Reference: A B in fp64 on the same inputs, every element" in told
    assert "| TFLOPS | GB/s |" in told
    assert "| torch | M=32 N=32 K=32 fp32 | " in told
    run_id = path.parent.name
    chart = f"charts/{run_id}-scaling-fp32-back-to-back.svg"
    assert f"![Scaling, fp32, back_to_back]({chart})" in told
    rows = [line for line in told.splitlines() if line.startswith("| triton ")]
    assert rows
    assert all("skipped" in row for row in rows)
    for word in ("ttention", "heads", "/head", "softmax", "sparsek", "sdpa"):
        assert word not in told, word
