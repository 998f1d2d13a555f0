"""A run's folder from its host to every verb that reads it: as it came home, or told to be other."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from orchestrator.errors import ExitCode
from tests.cli.conftest import Project
from tests.cli.quick import quick_payload
from tests.store.trees import git

TIMED = """
from remote_payload.contract.records import BenchRecord, CheckRecord
from remote_payload.contract.words import Method

places = Path(sys.argv[2]).parent / "artifacts" / "ncu"
places.mkdir(parents=True)
(places / "kept.txt").write_text("kept\\n")
print("hello from the job")
case = request.cases[0]
names = ("sdpa", "sparsek")
samples = {name: tuple(base + n % 7 / 100 for n in range(20)) for name, base in zip(names, (9.0, 8.0))}
answer(
    checks=tuple(CheckRecord(name, case, Status.OK) for name in names),
    bench=tuple(
        BenchRecord(name, case, Method.COLD, Status.OK, samples_us=samples[name], calls=1)
        for name in names
    ),
)
"""
BENCH = ("bench", "--batch", "1", "--seq", "64", "--heads", "1")


@pytest.fixture
def timed(project: Project) -> Project:
    """A run of a bench that answers at once, in a checkout in which all is committed."""
    quick_payload(project.root, TIMED)
    (project.root / ".gitignore").write_text("runs/\n.orchestrator/\n")
    git(project.root, "init", "-q")
    git(project.root, "add", ".")
    git(project.root, "commit", "-qm", "all of it")
    made = project.orchestrator(*BENCH)
    assert "runs/" in made.out, made.err
    return project


def folder_of(project: Project, run: str) -> Path:
    name: str = project.orchestrator("runs", "show", run, "--json").json["card"]["run_id"]
    return project.root / "runs" / name


def test_that_a_run_is_bound_when_it_comes_home_and_brought_home_again_where_it_was_edited(
    timed: Project,
) -> None:
    timed.orchestrator(*BENCH)
    before, after = folder_of(timed, "latest~1"), folder_of(timed, "latest:bench")
    card = json.loads((after / "run.json").read_text())
    assert [one["path"] for one in card["files"]] == [
        "artifacts/ncu/kept.txt", "end.json", "log.txt", "request.json", "result.json",
    ]  # fmt: skip
    assert [one["is_clean"] for one in card["revisions"]] == [True]
    whole, honest = (after / "result.json").read_bytes(), (after / "report.md").read_bytes()
    assert f"| Git commit | {card['revisions'][0]['commit']} (tree clean) |".encode() in honest
    assert timed.orchestrator("compare", "latest~1", "latest").code == 0

    (after / "result.json").write_bytes(whole.replace(b"8.01", b"7.01"))
    (after / "log.txt").write_bytes(b"Hello from the job\n")
    shown = timed.orchestrator("report", "latest")
    assert shown.out.startswith("MEASUREMENT ERROR: the run's folder: result.json is not what came")
    assert shown.err.splitlines()[-1] == f"next: orchestrator attach {after.name}"
    assert timed.orchestrator("report", "--json").json["ok"] is False
    refused = timed.orchestrator("compare", "latest~1", "latest", "--fail-on-regression")
    assert refused.code == ExitCode.USAGE
    assert f"{after.name}: result.json is not what came home (as many bytes" in refused.err
    rows = timed.orchestrator("runs", "--json").json
    assert [row["status"] for row in rows] == ["ok", "changed"]
    assert rows[1]["changed"] == "result.json is not what came home (as many bytes, but others)"
    facts = timed.orchestrator("runs", "show", "--json").json
    assert [one["path"] for one in facts["changed"]] == ["result.json", "log.txt"]
    assert "changed   log.txt is not what came home" in timed.orchestrator("runs", "show").out
    assert "log.txt is not what came home" in timed.orchestrator("logs", "latest").err
    assert "log.txt" not in timed.orchestrator("logs", before.name).err

    timed.orchestrator("attach", after.name)
    assert (after / "result.json").read_bytes() == whole
    assert (after / "report.md").read_bytes() == honest
    assert [row["status"] for row in timed.orchestrator("runs", "--json").json] == ["ok", "ok"]
    assert timed.orchestrator("runs", "show", "--json").json["changed"] == []


def test_that_a_fetched_run_is_bound_by_what_its_host_gave_and_by_what_its_job_had_left(
    timed: Project,
) -> None:
    folder = folder_of(timed, "latest")
    fetch = ("runs", "fetch", folder.name, "--host", "local")
    assert timed.orchestrator("runs", "rm", folder.name, "--yes").code == 0
    assert timed.orchestrator(*fetch).code == 0
    facts = timed.orchestrator("runs", "show", folder.name, "--json").json
    assert (facts["bound"], facts["changed"]) == (True, [])
    assert {one["path"] for one in facts["card"]["files"]} >= {"result.json", "log.txt", "end.json"}
    assert facts["card"]["revisions"] == [], "no host knows of commits"

    there = timed.root.parent / "work" / "jobs" / folder.name / "result.json"
    there.write_bytes(there.read_bytes().replace(b"8.01", b"7.01"))
    assert timed.orchestrator("runs", "rm", folder.name, "--yes").code == 0
    assert timed.orchestrator(*fetch).code == 0
    assert timed.orchestrator("report", folder.name).out.startswith(
        "MEASUREMENT ERROR: the run's folder: result.json is not what its job had left when it ended"
    )


def test_that_a_report_of_a_tree_with_changes_says_so(project: Project) -> None:
    quick_payload(project.root)
    git(project.root, "init", "-q")
    git(project.root, "commit", "-qm", "nothing of it", "--allow-empty")
    made = project.orchestrator(*BENCH)
    assert "(tree with changes that are in no commit)" in (
        Path(made.out.splitlines()[-1]).read_text("utf-8")
    )
