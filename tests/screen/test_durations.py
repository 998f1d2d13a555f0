"""How long runs took before is read from the last runs of the same, and from nothing else."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from orchestrator.values.progress import NOTHING_KNOWN, Expected
from orchestrator.workflows.jobs.durations import Sort, expected
from remote_payload.contract import codec
from remote_payload.contract.request import Request
from remote_payload.contract.result import StageReport
from remote_payload.contract.words import Stage, Status
from tests.report import synthetic

RESULT = synthetic.cpu_result()
SORT = Sort("H_100", "bench", RESULT.request)


def kept(
    runs: Path,
    day: int,
    check_s: float,
    bench_s: float,
    status: Status = Status.OK,
    asked: Request = RESULT.request,
    ending: str = "h-100-bench",
) -> Path:
    """A run of that day, on sources of its own."""
    folder = runs / f"202611{day:02d}-101530-{ending}"
    folder.mkdir(parents=True)
    asked = replace(asked, run_id=folder.name, snapshot=f"{day}", verb="bench")
    stages = (
        StageReport(Stage.CHECK, Status.OK, seconds=check_s),
        StageReport(Stage.BENCH, status, seconds=bench_s),
    )
    result = replace(RESULT, request=asked, status=status, stages=stages)
    (folder / "request.json").write_text(codec.dumps(asked))
    (folder / "result.json").write_text(codec.dumps(result))
    return folder


def test_it_is_the_middle_of_the_last_runs_of_the_same(tmp_path: Path) -> None:
    for day, seconds in ((1, 90.0), (2, 10.0), (3, 30.0), (4, 20.0)):
        kept(tmp_path, day, seconds, 2 * seconds)
    assert expected(tmp_path, SORT) == Expected((("check", 20.0), ("bench", 40.0)))


def test_of_another_verb_host_case_or_outcome_nothing_is_taken(tmp_path: Path) -> None:
    kept(tmp_path, 1, 1.0, 1.0, ending="h-100-profile")
    kept(tmp_path, 2, 1.0, 1.0, ending="h-101-bench")
    kept(tmp_path, 3, 1.0, 1.0, asked=replace(RESULT.request, cases=RESULT.request.cases[:1]))
    kept(tmp_path, 4, 1.0, 1.0, status=Status.TIMEOUT)
    kept(tmp_path, 6, 1.0, 1.0, ending="lab-h-100-bench")
    assert expected(tmp_path, SORT) == NOTHING_KNOWN
    kept(tmp_path, 5, 3.0, 4.0, ending="h-100-bench-2")
    assert expected(tmp_path, SORT) == Expected((("check", 3.0), ("bench", 4.0)))


def test_where_one_stage_is_not_known_nothing_is(tmp_path: Path) -> None:
    kept(tmp_path, 1, 1.0, 1.0)
    more = replace(RESULT.request, stages=(Stage.CHECK, Stage.BENCH, Stage.TRACE))
    kept(tmp_path, 2, 1.0, 1.0, asked=more)
    assert expected(tmp_path, replace(SORT, request=more)) == NOTHING_KNOWN


def _without_seconds(text: str) -> str:
    document = json.loads(text)
    wrong: list[Any] = [None, "12", True, -1.0, 1e300, [], {}]
    document["stages"] = [{"stage": "check", "seconds": one} for one in wrong] + [7, None]
    return json.dumps(document)


@pytest.mark.parametrize(
    "damage",
    [
        lambda text: "",
        lambda text: text[: len(text) // 2],
        lambda text: "[" * 100_000,
        lambda text: "[1]",
        lambda text: text.replace('"stages"', '"pages"'),
        _without_seconds,
    ],
)
def test_a_damaged_result_tells_nothing(tmp_path: Path, damage: Callable[[str], str]) -> None:
    file = kept(tmp_path, 1, 1.0, 1.0) / "result.json"
    file.write_text(damage(file.read_text()))
    assert expected(tmp_path, SORT) == NOTHING_KNOWN


def test_a_folder_that_is_not_there_or_no_folder_tells_nothing(tmp_path: Path) -> None:
    assert expected(tmp_path / "nowhere", SORT) == NOTHING_KNOWN
    (tmp_path / "file").write_text("")
    assert expected(tmp_path / "file", SORT) == NOTHING_KNOWN
    (tmp_path / "20261122-101530-h-100-bench").symlink_to(tmp_path / "nowhere")
    assert expected(tmp_path, SORT) == NOTHING_KNOWN
