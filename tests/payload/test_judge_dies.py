"""A judge of timed calls that ends in the middle: its case is lost, and no other is."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from remote_payload.contract.words import Method, Status
from tests.payload.running import QUICK_BENCH, ROOT, a_request, run_payload

pytest.importorskip("torch")

# Only the judge of a race has that module. In a start it judges two to four outputs: both give the
# same, and what equals outputs that were right is not judged again.
OPERATOR = """
import os, sys, torch
axes = {"M": 8, "N": 64}
def inputs(M, N, dtype): return torch.randn(M, N, dtype=dtype)
def reference(x):
    if "remote_payload.stages.bench.umpire" in sys.modules and x.shape[0] == 8:
        with open(NOTES, "a+") as notes:
            notes.write(".")
            if notes.tell() == 3:
                os._exit(3)
    return torch.softmax(x, -1)
"""


def test_the_next_judge_takes_no_inputs_for_those_of_the_one_before(tmp_path: Path) -> None:
    file = tmp_path / "op.py"
    file.write_text(OPERATOR.replace("NOTES", repr(str(tmp_path / "notes"))))
    request = a_request(
        operator="op.py",
        operator_target="op.py",
        cases=(),
        providers=(),
        usual_providers=True,
        sweeps=((("M", (8, 16)),),),
        bench=replace(QUICK_BENCH, methods=(Method.BACK_TO_BACK,)),
    )
    (tmp_path / "remote_payload").symlink_to(ROOT / "remote_payload")
    done = run_payload(request, tmp_path / "job", root=tmp_path)
    rows = {
        (row.case.size("M"), row.control): (row.status, row.starts, row.reason)
        for row in done.result.bench
    }
    assert len(rows) == 4, done.log
    for control in (False, True):
        status, _, reason = rows[8, control]
        assert status is Status.FAILED
        assert reason.startswith("the judge of timed calls gave no answer: the process ended")
        assert rows[16, control] == (Status.OK, (3, 3), "")
