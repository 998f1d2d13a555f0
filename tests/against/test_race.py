"""The real command line on this machine: a commit that slows a provider is caught in one run."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from remote_payload.contract import codec
from remote_payload.contract.result import Result
from remote_payload.contract.words import Status
from tests.against.conftest import Repository
from tests.cli.conftest import Project

pytest.importorskip("torch")

ATTEMPTS = 3  # a machine that is busy with other things may leave it open


def test_that_a_commit_that_slows_a_provider_is_caught_and_what_has_no_race_is_told(
    project: Project, repository: Callable[[], Repository], monkeypatch: pytest.MonkeyPatch
) -> None:
    checkout = repository()
    then = checkout.git("rev-parse", "HEAD~1")[:7]
    monkeypatch.chdir(checkout.root)
    of_project = ("--inventory", str(project.root / "inventory.yaml"))
    kept = ("--runs", str(project.root / "runs"))
    named = [
        word
        for name, function in (("mine", "softmax"), ("same", "soft"))
        for word in ("--provider", f"{name}=k/{name}.py:{function}")
    ]
    quick = ("--rounds", "1", "--starts", "8", "--budget", "8")
    asked = ("bench", "--operator", "op.py", *named, "--against", "HEAD~1", *quick)
    for _ in range(ATTEMPTS):
        outcome = project.orchestrator(*of_project, *kept, *asked, "--fail-on-regression")
        if outcome.code == 1:
            break
    folder = max((project.root / "runs").iterdir())
    result = codec.loads(Result, (folder / "result.json").read_text("utf-8"))
    told = {one.provider: (one.status, one.reason) for one in result.checks}
    assert outcome.code == 1, outcome.out + outcome.err
    assert outcome.out.startswith("mine is SLOWER than at HEAD~1, raced in one run, on"), (
        outcome.out
    )
    assert told[f"mine@{then}"] == (Status.OK, "")
    nothing = "the same sources in both: nothing to race"
    assert told[f"same@{then}"] == (Status.SKIPPED, nothing)
    assert "mine on M=16 N=64 fp16" in outcome.err
    assert checkout.git("status", "--porcelain").strip() == ""


def test_that_a_dry_run_says_that_both_travel_and_writes_nothing(
    project: Project, repository: Callable[[], Repository], monkeypatch: pytest.MonkeyPatch
) -> None:
    checkout = repository()
    monkeypatch.chdir(checkout.root)
    asked = ("check", "--operator", "op.py", "--provider", "mine=k/mine.py:softmax", "--dry-run")
    of_project = ("--inventory", str(project.root / "inventory.yaml"))
    alone, both = (
        project.orchestrator(*of_project, *asked, *more) for more in ((), ("--against", "HEAD~1"))
    )
    assert (alone.code, both.code) == (0, 0), both.err
    assert "with those of HEAD~1 that differ" in both.out
    assert "HEAD~1" not in alone.out
    assert checkout.git("status", "--porcelain") == ""
    refused = project.orchestrator(*of_project, *asked, "--against", "nowhere")
    assert refused.code == 2
    assert "--against nowhere: git knows no such revision in" in refused.err


def test_that_where_nothing_was_raced_the_report_comes_next_and_no_doctor(
    project: Project, repository: Callable[[], Repository], monkeypatch: pytest.MonkeyPatch
) -> None:
    checkout = repository()
    monkeypatch.chdir(checkout.root)
    named = ("--operator", "op.py", "--provider", "same=k/same.py:soft", "--against", "HEAD~1")
    of_project = ("--inventory", str(project.root / "inventory.yaml"))
    kept = ("--runs", str(project.root / "runs"))
    quick = ("--rounds", "1", "--starts", "8", "--budget", "1")
    outcome = project.orchestrator(*of_project, *kept, "bench", *named, *quick)
    assert outcome.code == 6
    assert "nothing decided: nothing was raced: same was not raced" in outcome.err
    assert outcome.err.splitlines()[-1].split()[-2:] == [
        "report",
        max((project.root / "runs").glob("[!.]*")).name,
    ]
