"""Measured ceilings of two runs: within 5 % they agree (docs/ceilings.md)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from orchestrator.report.comparing.page import markdown
from orchestrator.report.gates.gate import Answer, Policy
from remote_payload.contract.records import CeilingRecord
from remote_payload.contract.result import Result
from remote_payload.contract.words import Status
from tests.comparing import runs
from tests.report import synthetic

COPY = 3e12


def measured(*ceilings: CeilingRecord, result: Result | None = None) -> Result:
    return replace(result or runs.small(), ceilings=ceilings)


@pytest.mark.parametrize(
    ("rate", "word"), [(0.96, "agree"), (1.04, "agree"), (0.94, "DIFFER"), (1.06, "DIFFER")]
)
def test_that_ceilings_agree_within_five_percent(rate: float, word: str) -> None:
    before, after = (runs.ceiling("copy", COPY * share) for share in (1.0, rate))
    page = markdown(runs.compared(measured(before), measured(after)))
    told = f"| copy | 3000 GB/s | {3000 * rate:.0f} GB/s | {rate:.3f}× | 1755 MHz | 1755 MHz | "
    assert f"{told}{word} |" in page


def test_that_a_machine_that_gives_less_may_explain_as_much() -> None:
    """A copy 8 % slower: ours may be 5 % slower for that, and not 12 %."""
    before, after = (runs.ceiling("copy", COPY * share) for share in (1.0, 0.92))
    for factor, verdict in ((1.05, "INCONCLUSIVE"), (1.12, "SLOWER")):
        found = runs.compared(measured(before), measured(after, result=runs.by(factor)))
        assert {row.verdict.value for row in found.rows} == {verdict}
        assert "ceiling copy" in [one.what for one in found.differences]


def test_that_the_clocks_of_ceilings_that_differ_stand_beside_them() -> None:
    slow = runs.ceiling("gemm-fp16", 5e14, after=synthetic.state(sm_clock_mhz=1300.0))
    found = runs.compared(measured(runs.ceiling("gemm-fp16", 6e14)), measured(slow))
    assert "| gemm-fp16 | 600 TFLOPS | 500 TFLOPS | 0.833× | 1755 MHz | 1300 MHz | DIFFER |" in (
        markdown(found)
    )


def test_that_what_cannot_be_trusted_is_not_compared_and_says_why() -> None:
    failed = runs.ceiling("copy", COPY, status=Status.FAILED, reason="out of memory")
    beyond = runs.ceiling("copy", 4 * COPY)
    otherwise = runs.ceiling("copy", COPY, what="in another way")
    for after, why in (
        (failed, "out of memory"),
        (beyond, "above what the GPU can do at its highest clock"),
        (otherwise, "they were not taken the same way"),
    ):
        page = markdown(runs.compared(measured(runs.ceiling("copy", COPY)), measured(after)))
        assert f"not compared: {why}" in page


def test_that_a_ceiling_that_is_not_measured_again_is_missing() -> None:
    both = measured(runs.ceiling("copy", COPY), runs.ceiling("gemm-fp16", 6e14))
    ruling = runs.compared(both, measured(runs.ceiling("copy", COPY))).ruling(Policy())
    assert ruling.answer is Answer.UNDECIDED
    assert ruling.undecided == "nothing decided: missing now: ceiling gemm-fp16"
