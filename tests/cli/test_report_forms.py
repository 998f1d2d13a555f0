"""report -o, --html, --pdf, --open: what is written, where, and what is refused."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import pytest

from orchestrator.cli.app import run
from orchestrator.workflows.publishing import paper
from tests.browser import chromium
from tests.cli.comparing import AGAIN, MADE, changed, store, times
from tests.report import synthetic
from tests.ssh.terminal import Terminal

RESULT = synthetic.gpu_result()


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two runs of the same, the second one slower."""
    store(tmp_path, MADE, replace(RESULT, request=replace(RESULT.request, run_id=MADE)))
    slower = changed(RESULT, "sparsek", times(1.5))
    store(tmp_path, AGAIN, replace(slower, request=replace(RESULT.request, run_id=AGAIN)))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def reported(*words: str) -> int:
    return int(run(["--runs", "runs", "report", *words]))


def files(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize(
    ("name", "begins"),
    [
        ("r.md", "# sparsek is"),
        ("r.markdown", "# sparsek is"),
        ("r", "# sparsek is"),
        ("r.html", "<!DOCTYPE html>"),
        ("r.HTM", "<!DOCTYPE html>"),
        ("r.txt", "# sparsek is"),
    ],
)
def test_a_file_is_what_its_name_says(place: Path, name: str, begins: str) -> None:
    assert reported("latest", "-o", name) == 0
    text = (place / name).read_text("utf-8")
    assert text.startswith(begins)
    assert ("| Question |" in text) == (name in ("r.md", "r.markdown", "r"))
    assert (place / f"{name}-charts").is_dir() == (name in ("r.md", "r.markdown", "r"))


def test_a_page_lies_beside_the_report_in_the_runs_folder_and_holds_its_charts(place: Path) -> None:
    before = files(place / "runs" / AGAIN)
    assert reported("latest", "--html") == 0
    assert files(place / "runs" / AGAIN) - before == {"report.html"}
    assert "<svg" in (place / "runs" / AGAIN / "report.html").read_text("utf-8")


def test_two_pages_in_one_folder_are_each_of_their_own_run(place: Path) -> None:
    assert reported(MADE, "-o", "out/a.html") == 0
    assert reported(AGAIN, "-o", "out/b.html") == 0
    assert reported(MADE, "-o", "out/a.md") == 0
    assert reported(AGAIN, "-o", "out/b.md") == 0
    first, second = ((place / "out" / name).read_text("utf-8") for name in ("a.html", "b.html"))
    assert "is FASTER than" in first
    assert "is SLOWER than" in second
    drawn = {name for name in files(place / "out") if name.endswith(".svg")}
    assert len({Path(name).name for name in drawn}) == len(drawn)
    assert all(Path(name).name.startswith((MADE, AGAIN)) for name in drawn)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("-o", "r.json"), "expected a name that ends with .md"),
        (("-o", "r.pdf", "--html"), "no name of what is asked for: .html"),
        (("-o", "r.md", "--pdf"), "no name of what is asked for: .pdf"),
        (("--html", "--pdf"), "two forms"),
        (("--open", "--pdf"), "two forms"),
    ],
)
def test_what_contradicts_itself_is_refused_and_writes_nothing(
    place: Path, words: tuple[str, ...], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    before = files(place)
    assert reported("latest", *words) == 2
    assert said in capsys.readouterr().err
    assert files(place) == before


def test_another_runs_page_is_not_overwritten(place: Path) -> None:
    assert reported(MADE, "--html") == 0
    kept = (place / "runs" / MADE / "report.html").read_bytes()
    assert reported(AGAIN, "-o", f"runs/{MADE}/report.html") == 2
    assert (place / "runs" / MADE / "report.html").read_bytes() == kept


def test_open_starts_the_browser_of_whoever_sits_here(place: Path) -> None:
    """In a process of its own, as Python remembers which browsers there are."""
    browser = place / "browser"
    browser.write_text(f'#!/bin/sh\nprintf "%s" "$1" > "{place}/opened"\n')
    browser.chmod(0o755)
    words = [sys.executable, "-m", "orchestrator", "--runs", "runs", "report", "latest", "--open"]
    environment = {**os.environ, "BROWSER": f"{browser} %s"}
    told = subprocess.run(words, env=environment, capture_output=True, text=True, check=True)
    page = place / "runs" / AGAIN / "report.html"
    assert (place / "opened").read_text() == page.as_uri()
    assert str(page.relative_to(place)) in told.stdout


def test_a_report_on_stdout_says_its_first_table_in_words(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert reported("latest") == 0
    out = capsys.readouterr().out
    assert "\nFast enough?           FAIL: Tier 1" in out
    assert "|" not in out
    assert out.splitlines()[-1].endswith("report.md")


def test_on_a_terminal_no_line_of_the_first_table_is_longer_than_the_terminal(place: Path) -> None:
    words = [sys.executable, "-m", "orchestrator", "--runs", "runs", "report", "latest"]
    terminal = Terminal(words, place, os.environ, whole=True)
    try:
        assert terminal.exit_status() == 0
        _, *table = terminal.shown.partition("report.md")[0].splitlines()[:-1]
    finally:
        terminal.close()
    assert table[0].split() == ["Question", "Answer"]
    assert all(len(line) <= 80 for line in table)
    assert any(line.startswith(" " * 20) for line in table)


def test_earlier_runs_stand_in_the_first_table(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert reported("latest") == 0
    (line,) = [
        one for one in capsys.readouterr().out.splitlines() if one.startswith("Against earlier")
    ]
    assert f"-33.3 % since ({MADE})" in line
    assert f"orchestrator compare {MADE} {AGAIN} judges" in line


@pytest.mark.parametrize("verb", [("report", "latest"), ("compare", MADE, AGAIN)])
def test_a_dash_is_stdout_and_no_file(place: Path, verb: tuple[str, ...]) -> None:
    words = [sys.executable, "-m", "orchestrator", "--runs", "runs", *verb, "-o", "-"]
    told = subprocess.run(words, capture_output=True, text=True, check=True).stdout
    assert told.startswith("# ")
    assert "<details>" in told
    assert not {"-", "--charts"} & {one.name for one in place.iterdir()}


def test_a_report_beside_an_inventory_that_cannot_be_read_warns_of_what_may_be_in_it(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (place / "inventory.yaml").write_text("hosts: [\n")
    assert reported("latest") == 0
    told = capsys.readouterr().err
    assert "inventory.yaml:2: not YAML" in told
    assert "nobody knows what it keeps private" in told


def test_without_matplotlib_a_report_has_its_charts(place: Path) -> None:
    """It was what drew them once; nothing needs it any more."""
    blocked = (
        "import sys; sys.modules['matplotlib'] = None; from orchestrator.__main__ import main; "
        "sys.argv[1:] = ['--runs', 'runs', 'report', 'latest', '--html']; sys.exit(main())"
    )
    subprocess.run([sys.executable, "-c", blocked], capture_output=True, check=True)
    assert "<svg" in (place / "runs" / AGAIN / "report.html").read_text("utf-8")


class TestPaper:
    def test_a_pdf_is_printed_with_all_that_is_folded(self, place: Path) -> None:
        if not chromium.program():
            assert not os.environ.get("CI"), "the gate has a Chromium"
            pytest.skip("no Chromium here")
        assert reported("latest", "-o", "r.pdf") == 0
        printed = (place / "r.pdf").read_bytes()
        assert printed.startswith(b"%PDF-")
        assert printed.count(b"/Type /Page\n") >= 5
        # By no other means could a second one in another second be the same.
        made = json.loads((place / "runs" / AGAIN / "run.json").read_text())["created_at"]
        assert b"/CreationDate (D:" + re.sub(r"\D", "", made)[:14].encode() in printed

    @pytest.mark.parametrize("then", ["exec sleep 600", "exit 1"])
    def test_half_a_pdf_is_none_and_a_chromium_that_hangs_is_ended(
        self,
        place: Path,
        monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str],
        then: str,
    ) -> None:
        program, temporary = place / "chromium", place / "tmp"
        half = "for one; do case $one in --print-to-pdf=*) echo %PDF-1.4 > ${one#*=};; esac; done"
        program.write_text(f"#!/bin/sh\n{half}\n{then}\n")
        program.chmod(0o755)
        temporary.mkdir()
        monkeypatch.setenv("PATH", f"{place}:{os.environ['PATH']}")
        monkeypatch.setattr(tempfile, "tempdir", str(temporary))
        monkeypatch.setattr(paper, "_PRINTED_S", 1.0)
        began = time.monotonic()
        assert reported("latest", "--pdf") == 2
        assert time.monotonic() - began < 60
        assert "printed no whole page" in capsys.readouterr().err
        assert not (place / "runs" / AGAIN / "report.pdf").exists()
        assert not any(temporary.iterdir())

    def test_without_chromium_the_way_out_is_told(
        self,
        place: Path,
        monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        git = shutil.which("git")
        assert git is not None
        (place / "bin").mkdir()
        (place / "bin" / "git").symlink_to(git)
        monkeypatch.setenv("PATH", str(place / "bin"))
        assert reported("latest", "--pdf") == 2
        assert "there is none here" in (told := capsys.readouterr().err)
        assert "take --html" in told
        assert not (place / "runs" / AGAIN / "report.pdf").exists()

    def test_a_chromium_that_prints_nothing_is_told_with_its_own_words(
        self,
        place: Path,
        monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        program = place / "chromium"
        program.write_text("#!/bin/sh\necho 'cannot open display' >&2\nexit 1\n")
        program.chmod(0o755)
        monkeypatch.setenv("PATH", f"{place}:{os.environ['PATH']}")
        assert reported("latest", "--pdf") == 2
        assert "printed nothing: cannot open display" in capsys.readouterr().err
