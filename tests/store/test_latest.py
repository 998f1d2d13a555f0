"""`latest~N` and `latest:VERB~N`: which run they mean, and how many there are where they mean none."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from orchestrator.errors import RunError
from orchestrator.store.runs.naming import Latest, latest, verb_in
from orchestrator.store.runs.run_store import RunStore
from orchestrator.workflows.jobs.latest import TO_REPORT, WAS_TO_TIME, resolve
from remote_payload.contract.request import Request
from remote_payload.contract.words import Stage
from tests.report import synthetic

MADE = ("bench", "deploy", "profile", "bench", "check", "deploy")
STAGES = {
    "bench": (Stage.BUILD, Stage.CHECK, Stage.BENCH),
    "profile": (Stage.CHECK, Stage.BENCH),
    "check": (Stage.CHECK,),
    "deploy": (Stage.BUILD,),
}


@pytest.fixture
def store(tmp_path: Path) -> RunStore:
    """Runs of several verbs, made one after another; their ids do not say of which."""
    made = RunStore(tmp_path / "runs")
    for number, verb in enumerate(MADE):
        at = f"2026-11-22T10:15:3{number}Z"
        card = replace(synthetic.run(None).card, run_id=f"r{number}", verb=verb, created_at=at)
        made.create(card, Request("", card.snapshot, STAGES[verb], (), ()))
    return made


@pytest.mark.parametrize(
    ("reference", "run"),
    [
        ("latest", "r5"),
        ("latest~0", "r5"),
        ("latest~1", "r4"),
        ("latest~5", "r0"),
        ("latest:bench", "r3"),
        ("latest:bench~1", "r0"),
        ("latest:profile", "r2"),
        ("latest:deploy~1", "r1"),
    ],
)
def test_that_the_runs_before_the_latest_are_named_by_how_many_they_are_before_it(
    store: RunStore, reference: str, run: str
) -> None:
    assert store.resolve(reference).name == store.named(reference).name == run


@pytest.mark.parametrize(
    ("reference", "complaint"),
    [
        ("latest~6", "latest~6 is too far back: under .* there are 6 runs, the oldest is latest~5"),
        ("latest:bench~2", "there are 2 runs of bench, the oldest is latest:bench~1"),
        ("latest:check~1", "there is 1 run of check, the oldest is latest:check"),
        ("latest:ncu", "no run of ncu under .*, only 2 of bench, 2 of deploy, 1 of profile, 1 of"),
        ("latest~", "expected latest~N, latest:VERB or latest:VERB~N"),
        ("latest~x", "expected latest~N"),
        ("latest~-1", "expected latest~N"),
        ("latest:", "expected latest~N"),
        ("latest~1:bench", "expected latest~N"),
        ("latest~99999999999999999999", "expected latest~N"),
        ("latest~1~1", "expected latest~N"),
    ],
)
def test_that_what_means_no_run_is_told_with_how_many_there_are(
    store: RunStore, reference: str, complaint: str
) -> None:
    with pytest.raises(RunError, match=complaint):
        store.resolve(reference)
    for kind in (TO_REPORT, WAS_TO_TIME):
        with pytest.raises(RunError):
            resolve(store, reference, kind)


def test_that_a_verb_of_readers_counts_only_what_it_can_read(store: RunStore) -> None:
    reported = [resolve(store, f"latest~{back}", TO_REPORT).name for back in range(4)]
    assert reported == ["r4", "r3", "r2", "r0"]
    timed = [resolve(store, f"latest~{back}", WAS_TO_TIME).name for back in range(3)]
    assert timed == ["r3", "r2", "r0"]
    with pytest.raises(RunError, match="there are 3 runs, counting what was to time something"):
        resolve(store, "latest~3", WAS_TO_TIME)
    assert resolve(store, "latest:deploy", TO_REPORT).name == "r5", "who names a verb means it"


def test_that_a_run_that_cannot_be_read_is_not_passed_over(store: RunStore) -> None:
    (store.folder("r4") / "run.json").write_text("{")
    odd = store.folder("r4").rename(store.folder("20270101-101530-odd"))
    assert store.resolve("latest:bench") == odd
    odd.rename(store.folder("20270101-101530-odd-check"))
    assert store.resolve("latest:bench").name == "r3", "its name says what it is"


def test_that_an_id_may_begin_as_latest_does() -> None:
    assert latest("latest-of-all") is latest("latest.1") is None
    assert (latest("latest"), latest("latest:ncu~7")) == (Latest(), Latest("ncu", 7))
    assert [str(Latest()), str(Latest("ncu", 7))] == ["latest", "latest:ncu~7"]


@pytest.mark.parametrize(
    ("run_id", "verb"),
    [
        ("20261122-101530-h100-bench", "bench"),
        ("20261122-101530-my-bench-host-ncu-2-00ff", "ncu"),
        ("20261122-101530-h100", ""),
        ("bench", ""),
    ],
)
def test_that_an_id_says_of_which_verb_its_run_is(run_id: str, verb: str) -> None:
    assert verb_in(run_id) == verb
