"""Every caller takes the launcher of its host, whichever that is."""

from __future__ import annotations

import ast
import shutil
from pathlib import Path

import pytest

import orchestrator
from orchestrator.launch import choose
from orchestrator.values.host import LauncherKind
from tests.cli.conftest import Project, builds, project
from tests.cli.quick import quick_payload
from tests.launch import at_once

__all__ = ["builds", "project"]
ORCHESTRATOR = Path(orchestrator.__file__).parent


@pytest.fixture
def elsewhere(project: Project, monkeypatch: pytest.MonkeyPatch) -> Project:
    """A project whose host starts jobs another way."""
    monkeypatch.setitem(choose.WAYS, LauncherKind.DETACHED, at_once.WAY)
    quick_payload(project.root)
    return project


def test_a_job_runs_is_read_and_comes_home_by_whichever_launcher_its_host_has(
    elsewhere: Project,
) -> None:
    done = elsewhere.orchestrator("check")
    assert done.code == 0, done.err
    work = elsewhere.root.parent / "work"
    (job,) = (work / at_once.FOLDER).iterdir()
    assert not (work / "jobs").exists() or not list((work / "jobs").iterdir())
    assert job.name in elsewhere.orchestrator("runs", "--host", "local").out
    log = elsewhere.orchestrator("logs", job.name, "--host", "local")
    assert "hello from the job" in log.out
    over = elsewhere.orchestrator("cancel", job.name, "--host", "local")
    assert "nothing cancelled" in over.out
    shutil.rmtree(elsewhere.root / "runs" / job.name)
    for verb in (("runs", "fetch"), ("attach",)):
        fetched = elsewhere.orchestrator(*verb, job.name, "--host", "local")
        assert fetched.code == 0, fetched.err
        assert (elsewhere.root / "runs" / job.name / "result.json").is_file()
        shutil.rmtree(elsewhere.root / "runs" / job.name)


def test_a_dry_run_shows_what_the_launcher_of_the_host_starts(elsewhere: Project) -> None:
    shown = elsewhere.orchestrator("check", "--dry-run")
    assert shown.code == 0, shown.err
    assert "run-at-once" in shown.out


def test_every_launcher_that_an_inventory_may_name_is_there() -> None:
    assert set(choose.WAYS) == set(LauncherKind)


def test_no_other_room_knows_which_launchers_there_are() -> None:
    rooms = [path for path in ORCHESTRATOR.rglob("*.py") if path.parent.name != "launch"]
    assert len(rooms) > 100
    assert [path.name for path in rooms if "launch.detached" in imported(path)] == []
    assert "launch.detached" in imported(ORCHESTRATOR / "launch" / "choose.py")


def imported(path: Path) -> set[str]:
    """Modules of ours that a file imports anywhere, without `orchestrator.`"""
    nodes = list(ast.walk(ast.parse(path.read_text("utf-8"))))
    whole = [name.name for node in nodes if isinstance(node, ast.Import) for name in node.names]
    for node in nodes:
        if isinstance(node, ast.ImportFrom) and node.module:
            whole += [node.module, *(f"{node.module}.{name.name}" for name in node.names)]
    return {name.removeprefix("orchestrator.") for name in whole}
