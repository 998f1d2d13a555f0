"""On a real GPU: ceilings that can be believed, and the same ones again."""

from __future__ import annotations

import statistics
from pathlib import Path

import pytest

from orchestrator.performance import ceiling
from remote_payload.contract.plans import CeilingsPlan
from remote_payload.contract.result import Result
from remote_payload.contract.words import Device, Stage, Status
from tests.payload.running import ROOT, a_request

AGREEMENT = 0.05


def measure(folder: Path) -> Result:
    from remote_payload.run.loop import Run
    from remote_payload.stages.draft import Draft

    plan = CeilingsPlan(required=True)
    request = a_request(stages=(Stage.CEILINGS,), cases=(), ceilings=plan, device=Device.CUDA)
    folder.mkdir()
    draft = Draft(request, folder / "result.json")
    Run(request, draft, ROOT, folder.parent / "builds").carry_out()
    return draft.result


@pytest.mark.gpu
@pytest.mark.timeout(300)
def test_two_runs_give_ceilings_below_the_peaks_and_within_five_percent(tmp_path: Path) -> None:
    first, second = (measure(tmp_path / name) for name in ("first", "second"))
    assert first.status is second.status is Status.OK, first.reason or second.reason
    for one, two in zip(ceiling.ceilings(first), ceiling.ceilings(second), strict=True):
        assert not one.refuted, f"{one.record.name}: {one.doubt}"
        assert one.record.status is two.record.status, two.record.reason
        if one.record.status is Status.OK:
            medians = [statistics.median(each.record.samples_us) for each in (one, two)]
            assert max(medians) <= min(medians) * (1 + AGREEMENT), one.record.name
