"""A run that cannot be read, or was changed, has a page that says so, and stops nothing."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from orchestrator.cli.app import run
from orchestrator.errors import ExitCode, UsageError
from orchestrator.report.render import Report
from orchestrator.values.run import Run
from orchestrator.workflows.publishing import publish
from tests.index.kept import edited, settle
from tests.site.made import FIRST, SECOND, THIRD, Kept, Watched, broken, seen, slower

REPOSITORY = Path(__file__).parents[2]
MANY = 40


def test_an_unreadable_result_has_a_page_with_the_reason(three: Kept) -> None:
    (three.runs.store.folder(SECOND) / "result.json").write_text("{half")
    done = three.make()
    assert [*done.unreadable] == [SECOND]
    assert done.written == 3
    page = three.page(SECOND)
    assert f"<h1>{SECOND}: cannot be read</h1>" in page
    assert "result.json" in page
    assert str(three.runs.root) not in page
    assert "orchestrator attach" in page
    assert broken(three.site) == []


def test_a_card_that_is_no_card_has_a_page_too(three: Kept) -> None:
    (three.runs.store.folder(SECOND) / "run.json").write_text("[]")
    assert [*three.make().unreadable] == [SECOND]
    assert "cannot be read" in three.page(SECOND)


def test_changed_files_are_told_on_the_page(three: Kept) -> None:
    edited(three.runs.store.folder(SECOND) / "result.json", started_at="2020-01-01T00:00:00Z")
    done = three.make()
    assert not done.unreadable
    assert "is not what came home" in three.page(SECOND)
    assert '"changed"' in (three.site / "data/runs.js").read_text()


def test_a_run_that_is_not_home_says_how_to_bring_it(kept: Kept) -> None:
    kept.runs.made(FIRST)
    done = kept.make()
    assert [*done.unreadable] == [FIRST]
    assert "not home" in kept.page(FIRST)
    assert f"orchestrator attach {FIRST}" in kept.page(FIRST)


def test_once_it_is_mended_it_has_a_report(three: Kept) -> None:
    path = three.runs.store.folder(SECOND) / "result.json"
    whole = path.read_text()
    path.write_text("{half")
    three.make()
    path.write_text(whole)
    assert three.make().unreadable == {}
    assert "cannot be read" not in three.page(SECOND)


def test_a_wrong_template_of_the_users_stops_it_with_file_and_line(
    three: Kept, tmp_path: Path
) -> None:
    own = tmp_path / "templates"
    own.mkdir()
    (own / "report.md.j2").write_text("{# view model 1 #}\n{{ report.nonsense }}\n")
    with pytest.raises(UsageError, match=r"report\.md\.j2:2"):
        three.make(templates=own)


def test_a_bug_of_ours_costs_one_page_is_told_and_tried_again(
    three: Kept, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    whole = publish.reported

    def faulty(stored: Run, *rest: Any) -> Report:
        return whole(stored, *rest) if stored.name != SECOND else 1 // 0  # type: ignore[return-value]

    monkeypatch.setattr(publish, "reported", faulty)
    settle()
    code = run(["--runs", str(three.runs.root), "site", str(three.site)])
    assert code == ExitCode.BUG
    assert f"{SECOND} has a page that says why it has no report" in capsys.readouterr().err
    assert "ZeroDivisionError" in three.page(SECOND)
    assert "Correct?" in three.page(THIRD)
    monkeypatch.undo()
    assert three.make().bugs == 0
    assert "ZeroDivisionError" not in three.page(SECOND)


def stop() -> None:
    raise KeyboardInterrupt


def test_a_first_site_that_was_left_lists_what_is_there_and_says_so(three: Kept) -> None:
    with pytest.raises(KeyboardInterrupt):
        three.make(progress=Watched(2, stop))
    data = (three.site / "data/runs.js").read_text()
    assert '"whole":false' in data
    assert FIRST in data
    assert THIRD not in data
    assert (three.site / "index.html").is_file()
    done = three.make()
    assert done.kept >= 1
    assert '"whole":true' in (three.site / "data/runs.js").read_text()
    assert broken(three.site) == []


def test_an_update_that_was_left_leads_nowhere_that_is_gone(three: Kept) -> None:
    three.make()
    before = (three.site / "index.html").read_bytes(), (three.site / "data/runs.js").read_bytes()
    for name in (FIRST, SECOND, THIRD):
        three.tag(name, "paper")
    with pytest.raises(KeyboardInterrupt):
        three.make(progress=Watched(1, stop))
    after = (three.site / "index.html").read_bytes(), (three.site / "data/runs.js").read_bytes()
    assert after == before
    assert broken(three.site) == []
    done = three.make()
    assert (done.written, done.kept) == (2, 1)


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGKILL], ids=["Ctrl-C", "kill"])
def test_whatever_ends_the_command_leaves_whole_pages(kept: Kept, sent: signal.Signals) -> None:
    for number in range(MANY):
        kept.runs.home(f"20261120-10{number:02d}30-h100-profile", slower(1 + number / 100))
    command = [sys.executable, "-m", "orchestrator", "--runs", str(kept.runs.root)]
    with subprocess.Popen(
        [*command, "site", str(kept.site)],
        cwd=REPOSITORY, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    ) as left:  # fmt: skip
        pages = kept.site / "runs"
        until = time.monotonic() + 60
        while not (pages.is_dir() and len(list(pages.glob("*.html"))) > 3):
            assert left.poll() is None
            assert time.monotonic() < until
            time.sleep(0.01)
        os.kill(left.pid, sent)
        left.communicate(timeout=20)
    assert left.returncode == (130 if sent is signal.SIGINT else -signal.SIGKILL)
    there = list(pages.glob("*.html"))
    assert 3 < len(there) < MANY
    for page in there:
        assert seen(page).tags.count("h1") == 1
        assert page.read_text().rstrip().endswith("</html>")
    assert '"whole":false' in (kept.site / "data/runs.js").read_text()
    assert kept.make().runs == MANY
    assert broken(kept.site) == []
    assert not list(kept.site.rglob("*.partial"))
