"""What a program that starts a watch gets: one document a turn, and errors before anything begins."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import REPOSITORY, Project, builds, project
from tests.processes import left_at_work_in, needs_proc
from tests.ssh.terminal import on_terminal
from tests.watch.conftest import OPERATOR, kernel

__all__ = ["builds", "project"]

MINE = ("--operator", "op.py", "--provider", "mine=mine.py:soft")


@pytest.fixture
def here(project: Project) -> Project:
    (project.root / "op.py").write_text(OPERATOR)
    (project.root / "mine.py").write_text(kernel())
    return project


@needs_proc
def test_that_each_turn_is_one_document_a_line(here: Project, tmp_path: Path) -> None:
    pytest.importorskip("torch")
    words = [sys.executable, "-m", "orchestrator", "watch", *MINE, "--starts", "1"]
    env = {**os.environ, "PYTHONPATH": str(REPOSITORY), "OMP_NUM_THREADS": "1"}

    with subprocess.Popen(
        words,
        cwd=here.root,
        env=env,
        stdout=subprocess.PIPE,
        text=True,
        stdin=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as process:
        turns = []
        for text in (kernel(), kernel(more=" + 1")):
            (here.root / "mine.py").write_text(text)
            assert process.stdout is not None
            turns.append(json.loads(process.stdout.readline()))
        process.send_signal(signal.SIGINT)
        assert process.stdout is not None
        assert process.stdout.read() == ""
        assert process.wait(20) == 130
    right, wrong = turns
    assert (right["turn"], right["word"], right["state"]) == (1, "right", "turn1")
    (row,) = right["rows"]
    assert row["against"]["baseline"]["verdict"] == "INCONCLUSIVE"  # of one start
    assert (wrong["word"], wrong["last"], wrong["rows"]) == ("wrong", "turn1", [])
    assert "first at [0, 0]" in wrong["troubles"][0]["reason"]
    kept = sorted(one.name for one in (here.root / "runs").glob("*-watch*"))
    assert [right["run"], wrong["run"]] == kept
    assert left_at_work_in(tmp_path / "work") == []


@needs_proc
def test_that_a_watch_whose_reader_has_gone_ends_without_another_save(
    here: Project, tmp_path: Path
) -> None:
    pytest.importorskip("torch")
    words = [sys.executable, "-m", "orchestrator", "watch", *MINE, "--starts", "1"]
    env = {**os.environ, "PYTHONPATH": str(REPOSITORY), "OMP_NUM_THREADS": "1"}
    quiet = subprocess.DEVNULL
    with subprocess.Popen(
        words, cwd=here.root, env=env, stdin=quiet, stdout=subprocess.PIPE, stderr=quiet
    ) as process:
        assert process.stdout is not None
        assert json.loads(process.stdout.readline())["word"] == "right"
        process.stdout.close()
        try:
            assert process.wait(20) == 0
        finally:
            process.kill()
    assert left_at_work_in(tmp_path / "work") == []


@needs_proc
def test_that_who_leaves_before_any_turn_came_to_its_end_is_sent_to_no_report(
    here: Project,
) -> None:
    words = (sys.executable, "-m", "orchestrator", "watch", *MINE)
    with on_terminal(words, here.root, {"PYTHONPATH": str(REPOSITORY)}, whole=True) as terminal:
        terminal.read_until("q: leave")
        terminal.press("q")
        assert terminal.exit_status() == 0
        assert "next:" not in terminal.shown
    assert [*(here.root / "runs").glob("*-watch*")] == []


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (("--operator", "op.py"), "no provider that a save could change"),
        (("--operator", "op.py", "--provider", "mine=gone.py:f"), "there is no file gone.py"),
        ((*MINE, "--write-trace", "t.jsonl"), "--write-trace goes with check, bench and profile"),
        ((*MINE, "--only", "a*"), "--only goes with a folder of problems"),
        (("--operator", "."), "watch takes one problem"),
    ],
)
def test_that_what_cannot_be_watched_is_told_before_anything_begins(
    here: Project, words: tuple[str, ...], complaint: str
) -> None:
    before = here.files()
    outcome = here.orchestrator("watch", *words)
    assert outcome.code == 2
    assert complaint in outcome.err
    assert outcome.out == ""
    assert here.files() == before


def test_that_a_dry_run_tells_of_the_process_that_stays_warm(here: Project) -> None:
    before = here.files()
    outcome = here.orchestrator("watch", *MINE, "--dry-run", "--json")
    assert outcome.code == 0, outcome.err
    sync, look, warm = outcome.json
    assert "sync" in sync["what"]
    assert "look at the host" in look["what"]
    assert "stays warm" in warm["what"]
    assert here.files() == before
