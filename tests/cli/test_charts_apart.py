"""Charts: a report shows its own, and takes the place of nothing else."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from urllib.parse import unquote

import pytest
from markdown_it import MarkdownIt

from orchestrator.cli.app import run
from tests.cli.comparing import AGAIN, MADE, changed, store, times
from tests.report import synthetic

RESULT = synthetic.gpu_result()
CHART = f"{MADE}-scaling-b16-s512-d64-fp16-back-to-back.svg"


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two runs of the same cases, which show other times."""
    store(tmp_path, MADE, replace(RESULT, request=replace(RESULT.request, run_id=MADE)))
    slower = changed(RESULT, "sdpa", times(3.0))
    store(tmp_path, AGAIN, replace(slower, request=replace(RESULT.request, run_id=AGAIN)))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def reported(run_id: str, *output: str) -> int:
    return int(run(["--runs", "runs", "report", run_id, *output]))


def shown(report: Path) -> dict[str, str]:
    """The drawings that a report shows, by their names: where its links lead."""
    tokens = MarkdownIt().parse(report.read_text())
    inline = [part for token in tokens for part in token.children or ()]
    links = [unquote(str(part.attrs["src"])) for part in inline if part.type == "image"]
    return {Path(link).name: (report.parent / link).read_text() for link in links}


def test_two_reports_in_one_folder_show_each_its_own_charts(place: Path) -> None:
    for run_id, name in ((MADE, "a.md"), (AGAIN, "b.md"), (AGAIN, "a.markdown"), (AGAIN, "a")):
        assert reported(run_id, "-o", f"out/{name}") == 0
        assert reported(run_id) == 0
    for run_id, name in ((MADE, "a.md"), (AGAIN, "b.md"), (AGAIN, "a.markdown"), (AGAIN, "a")):
        assert shown(place / "out" / name) == shown(place / "runs" / run_id / "report.md")
    one, two = (shown(place / "out" / name) for name in ("a.md", "b.md"))
    assert not set(one) & set(two)
    assert set(one.values()) != set(two.values())


def test_a_report_that_is_written_again_takes_its_charts_along(place: Path) -> None:
    for run_id in (MADE, AGAIN, AGAIN, MADE):
        assert reported(run_id, "-o", "latest.md") == 0
        assert reported(run_id) == 0
        assert shown(place / "latest.md") == shown(place / "runs" / run_id / "report.md")


def test_a_report_in_its_runs_folder_has_its_charts_in_charts_by_any_name(place: Path) -> None:
    folder = place / "runs" / MADE
    (place / "link.md").symlink_to(folder / "report.md")
    for output in ((), ("-o", f"runs/{MADE}/report.md"), ("-o", "link.md")):
        assert reported(MADE, *output) == 0
        assert f"(charts/{CHART})" in (folder / "report.md").read_text()
        assert (folder / "charts" / CHART).is_file()
        shutil.rmtree(folder / "charts")
        (folder / "report.md").unlink()
    assert not list(place.glob("*charts*"))


def own_file(where: Path, own: Path) -> None:
    where.write_text("mine")


def link_to(where: Path, own: Path) -> None:
    where.symlink_to(own)


def link_to_folder(where: Path, own: Path) -> None:
    where.parent.rmdir()
    where.parent.symlink_to(own.parent)
    shutil.copy(own, where)


@pytest.mark.parametrize(
    ("make", "is_shown"),
    [
        (own_file, False),
        (link_to, False),
        (link_to, True),
        (link_to_folder, False),
        (link_to_folder, True),
    ],
)
def test_what_is_not_this_reports_chart_stays_and_is_named_and_nothing_is_written(
    place: Path,
    capsys: pytest.CaptureFixture[str],
    make: Callable[[Path, Path], None],
    is_shown: bool,
) -> None:
    (place / "own").mkdir()
    (place / "own" / "mine.svg").write_text("mine")
    folder = place / "a.md-charts"
    if is_shown:
        assert reported(MADE, "-o", "a.md") == 0
        shutil.rmtree(folder)
    before = (place / "a.md").read_text() if is_shown else ""
    folder.mkdir()
    make(folder / CHART, place / "own" / "mine.svg")
    assert reported(MADE, "-o", "a.md") == 2
    said = capsys.readouterr().err
    assert f"a.md-charts/{CHART}: something else has the name of a chart" in said
    assert "choose another -o FILE" in said
    assert (folder / CHART).read_text() == "mine"
    assert (place / "own" / "mine.svg").read_text() == "mine"
    assert ((place / "a.md").read_text() if is_shown else "") == before
    assert (place / "a.md").exists() is is_shown


def test_the_usual_charts_are_not_drawn_through_a_link(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = place / "runs" / MADE / "charts"
    assert reported(MADE) == 0
    (folder / CHART).unlink()
    (place / "precious").write_text("mine")
    (folder / CHART).symlink_to(place / "precious")
    assert reported(MADE) == 2
    assert f"{CHART}: something else has the name of a chart" in capsys.readouterr().err
    assert (place / "precious").read_text() == "mine"
    (folder / CHART).unlink()
    (folder / CHART).write_text("of an older version")
    assert reported(MADE) == 0
    assert (folder / CHART).read_text().startswith("<svg")


@pytest.mark.parametrize(
    "name",
    ["my report (2).md", "h 10.20.30.40 x.md", "a&b_c_.md", "é" * 100 + ".md", "u@host.lan:22.md"],
)
def test_a_report_of_any_name_shows_its_charts(place: Path, name: str) -> None:
    assert reported(MADE, "-o", name) == 0
    assert CHART in shown(place / name)
    assert "10.20.30.40" not in (place / name).read_text()
