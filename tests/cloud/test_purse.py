"""What becomes of the pod when a command ends in an unusual way; this machine is the pod."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from orchestrator.cloud.runpod import RunPod
from orchestrator.errors import Detached, HostStopped, LinkLost, UsageError
from orchestrator.store.runs.run_store import RunStore
from orchestrator.transport.local import LocalTransport
from orchestrator.values.run import RunCard
from orchestrator.workflows.budget import Budget, Purse
from remote_payload.contract import codec
from tests.cloud.renting import BARE_PATH, STOP, stand_in
from tests.cloud.server import FakeRunPod, pod_json
from tests.cloud.test_watchdog import Pod

LIMIT_S = 1800.0


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
        runs = RunStore(self.pod.workspace.parent / "runs")
        transport = LocalTransport(self.pod.host)
        purse = Purse(budget, transport, self.client, said.append, confirm, runs)
        with pytest.raises(type(error)), purse.open(LIMIT_S):
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


def test_a_pod_that_was_stopped_meanwhile_is_left_as_it_is(rented: Rented) -> None:
    rented.fake.add(pod_json(), pod_json(status="EXITED"))
    said = rented.end(HostStopped("it is stopped"), Budget(stop_after=True))
    assert STOP not in rented.fake.seen
    assert "left alone" not in said


def test_a_pod_whose_container_broke_is_stopped_as_it_bills_all_the_same(rented: Rented) -> None:
    rented.fake.add(pod_json())
    rented.end(HostStopped("its container ended in ERROR"), Budget(stop_after=True))
    assert STOP in rented.fake.seen


@dataclass(frozen=True)
class Left:
    """A run of which the pod knows, and of which this much is here."""

    rented: Rented
    folder: Path

    def end(self) -> str:
        said: list[str] = []
        transport = LocalTransport(self.rented.pod.host)
        purse = Purse(
            Budget(stop_after=True),
            transport,
            self.rented.client,
            said.append,
            lambda question: False,
            RunStore(self.folder.parent),
            self.folder,
        )
        with pytest.raises(UsageError), purse.open(LIMIT_S):
            raise UsageError("the disk here is full")
        return "\n".join(said)


@pytest.fixture
def left(rented: Rented, tmp_path: Path) -> Left:
    job = rented.pod.workspace / "jobs" / "r1"
    job.mkdir(parents=True)
    (job / "end.json").write_text('{"why": "exit", "exit_status": 0, "message": ""}')
    folder = tmp_path / "runs" / "r1"
    folder.mkdir(parents=True)
    return Left(rented, folder)


def test_a_pod_that_has_what_is_not_here_yet_is_left_to_its_watchdog(left: Left) -> None:
    said = left.end()
    assert "not stopped, as what run r1 left is not here yet; the pod stops itself in" in said
    assert STOP not in left.rented.fake.seen
    assert len(left.rented.pod.files()) == 1


def test_a_pod_whose_results_are_here_is_stopped_whatever_failed_then(left: Left) -> None:
    (left.folder / "end.json").write_text("{}")
    left.end()
    assert left.rented.fake.seen[-1] == STOP


def _card(folder: Path, owner: str) -> None:
    """Of the run r1, wherever its folder lies."""
    card = RunCard("r1", "bench", "pod", "~/w", "feed", "", "", "", owner=owner)
    (folder / "run.json").write_text(codec.dumps(card))


def test_a_pod_that_has_what_a_copied_folder_is_about_is_not_stopped(left: Left) -> None:
    copy = left.folder.with_name("copy-of-r1")
    copy.mkdir()
    _card(copy, "a" * 32)
    said = replace(left, folder=copy).end()
    assert "not stopped, as what run r1 left is not here yet" in said
    assert STOP not in left.rented.fake.seen


def test_anothers_job_of_our_runs_name_keeps_no_pod_on(left: Left) -> None:
    _card(left.folder, "a" * 32)
    (left.rented.pod.workspace / "jobs" / "r1" / "owner").write_text("b" * 32)
    left.end()
    assert left.rented.fake.seen[-1] == STOP


def test_a_job_that_is_damaged_there_is_not_said_to_go_on(left: Left) -> None:
    (left.folder / "end.json").write_text("{}")
    (left.rented.pod.workspace / "jobs" / "r1" / "end.json").write_text('{"why": "because"}')
    said = left.end()
    assert "not stopped, as run r1 is damaged and may go on" in said
    assert STOP not in left.rented.fake.seen
