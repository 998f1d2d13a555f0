"""The time that timings may take: as asked for, inside what the run may take."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestrator.errors import UsageError
from orchestrator.workflows.plan import Wish, plan
from remote_payload.contract.request import Request
from remote_payload.contract.words import Device, Stage


def request(**wish: float) -> Request:
    return plan(Wish((Stage.CHECK, Stage.BENCH), **wish), Path()).request  # type: ignore[arg-type]


def test_a_budget_for_timings_is_granted_on_top_of_what_a_run_may_take() -> None:
    asked = request(bench_budget_s=7200.0)
    assert asked.bench.budget_s == 7200.0
    assert asked.time_limit_s == request().time_limit_s + 7200.0


def test_a_budget_that_the_runs_own_limit_would_cut_is_refused() -> None:
    with pytest.raises(UsageError, match="--budget 600 does not fit into --time-limit 300"):
        request(bench_budget_s=600.0, time_limit_s=300.0)


@pytest.mark.parametrize("device", Device)
def test_a_case_that_no_tensor_can_have_is_refused_before_there_is_a_run(device: Device) -> None:
    most = 2**31 - 1
    large = ({"B": (most,), "H": (8, most), "S": (most,)},)
    named = rf"the case: B={most} H=8 S={most} D=64 fp16 has more elements than a tensor"
    with pytest.raises(UsageError, match=named) as told:
        plan(Wish((Stage.CHECK,), sweeps=large, device=device), Path())
    assert told.value.hint == "Make one of its axes smaller."
    # A run on the CPU is never asked for what is too much for a GPU's own batch.
    alone = ({"H": (2**24,), "S": (2**30,)},)
    assert plan(Wish((Stage.CHECK,), sweeps=alone, device=Device.CPU), Path())
