"""An operator with two outputs is checked, timed and replayed as one with one."""

from __future__ import annotations

from pathlib import Path

import pytest

from remote_payload.contract.dtypes import DType
from remote_payload.contract.request import Provider
from remote_payload.contract.words import Method, Status
from remote_payload.operators import registry
from tests.payload.running import FIXTURES, a_request, run_payload

torch = pytest.importorskip("torch")
from remote_payload.stages.bench import timing  # noqa: E402

ADDED = registry.find("add_rmsnorm")
CASE = ADDED.case({"T": 5, "D": 64}, DType.BF16)


def test_both_outputs_of_a_timed_call_are_looked_at(tmp_path: Path) -> None:
    own = Provider("fp32", f"{FIXTURES}/layers.py:norm_of_the_sum_in_fp32")
    request = a_request(Provider("torch"), own, operator="add_rmsnorm", cases=(CASE,))
    done = run_payload(request, tmp_path)
    assert (done.exit_status, done.result.reason) == (0, ""), done.log
    for name in ("torch", "fp32"):
        assert done.check(name, CASE).status is Status.OK
        timed = [row for row in done.bench(name, CASE) if not row.control]
        assert {row.method for row in timed} == {Method.BACK_TO_BACK, Method.COLD}
        assert all(row.status is Status.OK and row.samples_us for row in timed)


class Replayed:
    """As a recording in a CUDA graph: what was launched writes where it wrote the first time."""

    def __init__(self, forgets: int | None = None) -> None:
        self.output = (torch.ones(3), torch.ones(3))
        self._forgets = forgets

    def replay(self) -> None:
        for number, one in enumerate(self.output):
            if number != self._forgets:
                one.fill_(1.0)

    def sample(self) -> float:
        self.replay()
        return 1.0


@pytest.mark.parametrize("forgets", [0, 1])
def test_an_output_that_a_replay_does_not_write_is_not_taken_for_written(forgets: int) -> None:
    assert all(bool((one == 1).all()) for one in timing._replayed(Replayed()))
    after = timing._replayed(Replayed(forgets))
    assert [bool(one.isnan().all()) for one in after] == [n == forgets for n in (0, 1)]
