from __future__ import annotations

import os
from pathlib import Path

import pytest

from orchestrator.errors import OrchestratorError
from orchestrator.workflows.own import Beside
from orchestrator.workflows.problems import problems
from orchestrator.workflows.sweep import found

NAMED = "ORCHESTRATOR_PROBLEMS"
CHECKOUTS = [Path(one) for one in os.environ.get(NAMED, "").split(os.pathsep) if one]
# Said by their own authors to be for several GPUs.
FOR_MANY = "multi_gpu"


@pytest.mark.skipif(not CHECKOUTS, reason=f"{NAMED} names no checkout of other people's problems")
@pytest.mark.parametrize("checkout", CHECKOUTS, ids=str)
def test_every_problem_of_a_checkout_is_read(checkout: Path) -> None:
    refused = {}
    every = found.problems(checkout)
    for one in every:
        try:
            own = problems.own(one.format, one.path, Beside())
            assert own.target.endswith("/problem.json")
        except OrchestratorError as exc:
            if FOR_MANY not in exc.message:
                refused[one.label] = exc.message
    assert every
    assert refused == {}
