"""What becomes of the pod when a command ends in an unusual way; this machine is the pod."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from orchestrator.cloud.runpod import RunPod
from orchestrator.errors import Detached, LinkLost
from orchestrator.transport.local import LocalTransport
from orchestrator.workflows.budget import Budget, Purse
from remote_payload.contract import Request
from tests.cloud.server import FakeRunPod, pod_json
from tests.cloud.test_watchdog import BARE_PATH, POD, Pod, stand_in

STOP = f"POST /v2/pods/{POD}/action"
REQUEST = Request(run_id="", snapshot="", stages=(), shapes=(), providers=())


@dataclass(frozen=True)
class Rented:
    """A pod that can stop itself; end: the state of it after a block that raised something."""

    pod: Pod
    fake: FakeRunPod
    client: RunPod

    def end(
        self, error: BaseException, budget: Budget, confirm: Callable[[str], bool] = lambda _: False
    ) -> str:
        said: list[str] = []
        purse = Purse(budget, LocalTransport(self.pod.host), self.client, said.append, confirm)
        with pytest.raises(type(error)), purse.open(REQUEST):
            raise error
        assert said[-1].startswith("cost: ")
        return "\n".join(said)


@pytest.fixture
def rented(tmp_path: Path, fake: FakeRunPod, client: RunPod) -> Iterator[Rented]:
    stand_in(tmp_path / "bin")
    fake.add(pod_json())
    pod = Pod(tmp_path / "workspace", {"PATH": f"{tmp_path / 'bin'}:{BARE_PATH}"})
    yield Rented(pod, fake, client)
    for path in pod.files():
        path.unlink()


def test_a_person_who_leaves_and_says_yes_stops_the_pod(rented: Rented) -> None:
    asked: list[str] = []

    def yes(question: str) -> bool:
        asked.append(question)
        return True

    rented.end(Detached("left"), Budget(stop_after=True), yes)
    assert rented.fake.seen[-1] == STOP
    assert "That ends the run" in asked[0]


def test_a_person_who_leaves_under_a_limit_is_not_asked(rented: Rented) -> None:
    def never(question: str) -> bool:
        raise AssertionError(question)

    said = rented.end(Detached("left"), Budget(max_s=600.0), never)
    assert "the pod stops itself in 10 min at the latest" in said
    assert len(rented.pod.files()) == 1


@pytest.mark.parametrize("budget", [Budget(stop_after=True), Budget(max_s=600.0)])
def test_a_link_that_is_lost_leaves_the_pod_to_its_watchdog(rented: Rented, budget: Budget) -> None:
    said = rented.end(LinkLost("gone"), budget)
    assert "the pod is left alone; the pod stops itself in" in said
    assert STOP not in rented.fake.seen
    assert len(rented.pod.files()) == 1


def test_an_interrupt_before_the_run_stops_the_pod(rented: Rented) -> None:
    rented.end(KeyboardInterrupt(), Budget(stop_after=True))
    assert rented.fake.seen[-1] == STOP


def test_an_error_under_a_limit_calls_the_watchdog_off(rented: Rented) -> None:
    rented.end(ValueError("a bug"), Budget(max_s=600.0))
    assert not rented.pod.files()
    assert STOP not in rented.fake.seen


def test_a_pod_that_goes_on_after_it_was_told_to_stop_does_not_hide_the_first_error(
    rented: Rented,
) -> None:
    rented.fake.add({**pod_json(), "locked": True})
    said = rented.end(ValueError("a bug"), Budget(stop_after=True))
    assert "RunPod does not do this to pod" in said
