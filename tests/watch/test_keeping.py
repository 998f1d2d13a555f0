"""Turns are kept as runs that nobody means by `latest`, and the oldest go."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from orchestrator.errors import RunError
from orchestrator.store.runs.run_store import RunStore
from orchestrator.values.job import Ending, JobEnd
from orchestrator.values.run import RunCard
from orchestrator.workflows.jobs.latest import TO_REPORT, resolve
from orchestrator.workflows.watch.keeping import Kept, prune
from orchestrator.workflows.watch.racing import Ran
from remote_payload.contract.result import Result
from tests.report import synthetic


def card(run_id: str, verb: str = "watch") -> RunCard:
    asked = synthetic.run(None).card
    return replace(
        asked, run_id=run_id, verb=verb, snapshot=synthetic.gpu_result().request.snapshot
    )


def kept(runs: RunStore, number: int, result: Result) -> Kept:
    made = Kept(runs, card(f"20261130-0815{number:02d}-pod-watch"), result.request)
    asked = made.request()
    made.came_home(Ran(replace(result, request=asked), JobEnd(Ending.EXIT, 0), "it raced\n"))
    return made


def test_that_a_turn_is_kept_with_its_samples_and_is_never_the_latest(tmp_path: Path) -> None:
    runs, result = RunStore(tmp_path / "runs"), synthetic.gpu_result()
    turn = kept(runs, 1, result)
    with pytest.raises(RunError, match="no run"):
        runs.named("latest")
    runs.create(card("20261130-081400-pod-bench", "bench"), result.request)
    newer = kept(runs, 2, result)
    assert runs.named("latest").name == "20261130-081400-pod-bench"
    assert resolve(runs, "latest", TO_REPORT).name == "20261130-081400-pod-bench"
    assert runs.named("latest:watch") == newer.folder
    assert runs.named("latest:watch~1") == turn.folder
    home = runs.load(newer.folder)
    assert home.result is not None
    assert home.result.bench == result.bench
    assert home.changed == ()
    assert (newer.folder / "log.txt").read_text() == "it raced\n"


def test_that_a_turn_that_was_called_off_leaves_nothing(tmp_path: Path) -> None:
    runs = RunStore(tmp_path / "runs")
    turn = Kept(runs, card("20261130-081501-pod-watch"), synthetic.gpu_result().request)
    assert turn.folder.is_dir()
    turn.dropped()
    assert [*runs.root.iterdir()] == []


def test_that_the_oldest_turns_go_and_nothing_else(tmp_path: Path) -> None:
    runs, request = RunStore(tmp_path / "runs"), synthetic.gpu_result().request
    for number in range(5):
        runs.create(card(f"20261130-08150{number}-pod-watch"), request)
    runs.create(card("20261101-081500-pod-bench", "bench"), request)
    renamed = runs.folder("20261130-081500-pod-watch").rename(runs.folder("the one with 96 heads"))
    prune(runs, most=2)
    left = sorted(one.name for one in runs.root.iterdir())
    assert left == [
        "20261101-081500-pod-bench",
        "20261130-081503-pod-watch",
        "20261130-081504-pod-watch",
        renamed.name,
    ]
