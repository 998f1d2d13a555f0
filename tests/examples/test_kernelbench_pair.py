"""kernelbench_pair: both files as their problem's format has them, checked in this process."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestrator.workflows.own import Beside
from remote_payload.contract.words import Status
from remote_payload.operators.user.described import Asked
from tests.examples.conftest import EXAMPLES
from tests.laid_out import LaidOut

pytest.importorskip("torch")

PAIR = EXAMPLES / "kernelbench_pair"


def test_that_the_candidate_gives_what_the_problem_gives_and_its_sizes_are_axes(
    tmp_path: Path,
) -> None:
    beside = Beside(submissions=(PAIR / "candidate.py",))
    there = LaidOut.of(tmp_path, PAIR / "problem.py", beside)
    assert there.own.format == "kernelbench"
    sizes = {"points": 1024, "centres": 64, "features": 64}
    assert dict(there.found().described.usual) == sizes
    (small,) = there.found(Asked(sweeps=((("points", (48,)), ("centres", (9,))),))).cpu
    for name in ("reference", "candidate"):
        record = there.check(name, small)
        assert (record.status, record.reason) == (Status.OK, "")
        assert record.ruling is not None
        assert record.ruling.by == "KernelBench"
