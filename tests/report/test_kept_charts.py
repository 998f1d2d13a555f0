"""Charts are drawn once: what is kept is what a fresh drawing gives, or is drawn again."""

from __future__ import annotations

import os
import subprocess
import sys
import zlib
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pytest

from orchestrator.cli.app import run
from orchestrator.report.charts import pen
from orchestrator.report.charts.drawing import Chart, Sketch
from orchestrator.report.render import render
from orchestrator.workflows.publishing import kept_charts
from orchestrator.workflows.publishing.kept_charts import drawings
from remote_payload.contract.result import Result
from remote_payload.contract.words import Method
from tests.cli.comparing import AGAIN, MADE, changed, store, times
from tests.report import synthetic

COLD = (Method.COLD,)
HEAVY = ("matplotlib", "numpy", "scipy", "rich")
# As the program is called, and then what it has loaded.
PROGRAM = f"""
import atexit, sys
atexit.register(lambda: print([name for name in {HEAVY!r} if name in sys.modules]))
from orchestrator.__main__ import main
main()
"""


def gpu_result(run_id: str = MADE) -> Result:
    result = synthetic.gpu_result()
    return replace(result, request=replace(result.request, run_id=run_id))


@pytest.fixture
def runs(tmp_path: Path) -> Path:
    """A store with a run on a GPU, of which there are five charts."""
    store(tmp_path, MADE, gpu_result())
    return tmp_path / "runs"


@pytest.fixture(scope="module")
def charts() -> tuple[Chart, ...]:
    return render(synthetic.run(synthetic.gpu_result())).charts


def reported(runs: Path) -> str:
    """What a process that reports has loaded in the end."""
    words = [sys.executable, "-c", PROGRAM, "--runs", str(runs), "report", "latest"]
    return subprocess.run(words, capture_output=True, check=True, text=True).stdout.splitlines()[-1]


def files(folder: Path) -> Mapping[str, bytes]:
    return {file.name: file.read_bytes() for file in folder.iterdir()}


def drawn_anew(charts: tuple[Chart, ...]) -> dict[str, str]:
    return {chart.name: pen.drawn(chart.sketch) for chart in charts if chart.sketch}


def test_the_second_report_draws_nothing_loads_nothing_to_draw_with_and_is_the_same(
    runs: Path,
) -> None:
    assert "matplotlib" in reported(runs)
    first = files(runs / MADE / "charts"), (runs / MADE / "report.md").read_bytes()
    assert len(first[0]) == 5
    assert reported(runs) == "[]"
    assert (files(runs / MADE / "charts"), (runs / MADE / "report.md").read_bytes()) == first


def test_what_is_kept_is_what_a_fresh_drawing_gives(
    tmp_path: Path, charts: tuple[Chart, ...]
) -> None:
    fresh = drawn_anew(charts)
    assert drawings(charts, tmp_path) == fresh
    assert drawings(charts, tmp_path) == fresh
    assert drawings(charts, None) == fresh


def test_only_what_changed_is_drawn(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    slower = changed(gpu_result(), "sparsek", lambda r: times(1.5)(r) if r.method in COLD else r)
    drawings(render(synthetic.run(gpu_result())).charts, tmp_path)
    seen: list[str] = []
    whole = pen.drawn

    def watched(sketch: Sketch) -> str:
        seen.append(sketch.title)
        return whole(sketch)

    monkeypatch.setattr(pen, "drawn", watched)
    after = render(synthetic.run(slower)).charts
    found = drawings(after, tmp_path)
    assert seen == ["Scaling, B=16 S=512 D=64 fp16, cold"]
    assert found == drawn_anew(after)


@pytest.mark.parametrize(
    "damage",
    [
        lambda data: b"",
        lambda data: data[:-7],
        lambda data: data[:40] + b"\x00" + data[41:],
        lambda data: sha256(b"").digest() + zlib.compress(b"<svg/>"),
        lambda data: sha256(b"\xff").digest() + zlib.compress(b"\xff"),
    ],
)
def test_a_damaged_drawing_is_drawn_again(
    tmp_path: Path, charts: tuple[Chart, ...], damage: object
) -> None:
    assert callable(damage)
    fresh = drawings(charts[:1], tmp_path)
    (kept,) = (tmp_path / kept_charts.FOLDER).iterdir()
    whole = kept.read_bytes()
    kept.write_bytes(damage(whole))
    assert drawings((replace(charts[0]),), tmp_path) == fresh
    assert kept.read_bytes() == whole


def test_a_drawing_that_unpacks_without_end_is_none(
    tmp_path: Path, charts: tuple[Chart, ...]
) -> None:
    fresh = drawings(charts[:1], tmp_path)
    (kept,) = (tmp_path / kept_charts.FOLDER).iterdir()
    many = b"\0" * (64 << 20)
    kept.write_bytes(sha256(many).digest() + zlib.compress(many))
    assert drawings((replace(charts[0]),), tmp_path) == fresh


def test_another_release_of_what_draws_draws_anew(
    tmp_path: Path, charts: tuple[Chart, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    drawings(charts[:1], tmp_path)
    monkeypatch.setattr(pen, "drawn_by", lambda: "another")
    drawings((replace(charts[0]),), tmp_path)
    assert len(list((tmp_path / kept_charts.FOLDER).iterdir())) == 2


def test_a_chart_that_came_with_a_run_is_never_taken_for_ours(runs: Path) -> None:
    assert run(["--runs", str(runs), "report", MADE]) == 0
    ours = files(runs / MADE / "charts")
    for file in (runs / MADE / "charts").iterdir():
        file.write_text("<svg>theirs</svg>")
    assert run(["--runs", str(runs), "report", MADE]) == 0
    assert files(runs / MADE / "charts") == ours


def test_a_run_is_none_the_less_what_came_home_and_the_only_one(
    runs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for _ in range(2):
        assert run(["--runs", str(runs), "report", "latest"]) == 0
    capsys.readouterr()
    assert run(["--runs", str(runs), "runs", "--json"]) == 0
    assert capsys.readouterr().out.count('"run":') == 1
    assert "not what came home" not in (runs / MADE / "report.md").read_text()


def test_of_all_drawings_those_longest_unused_go(tmp_path: Path, charts: tuple[Chart, ...]) -> None:
    drawings(charts, tmp_path)
    keep = tmp_path / kept_charts.FOLDER
    sizes = {file: file.stat().st_size for file in keep.iterdir()}
    for number, file in enumerate(sorted(sizes)):
        os.utime(file, (number, number))
    oldest = min(sizes)
    oldest.write_bytes(b"damaged")
    os.utime(oldest, (99, 99))
    drawings(tuple(map(replace, charts)), tmp_path, most_bytes=sum(sizes.values()) - 1)
    left = sum(file.stat().st_size for file in keep.iterdir())
    assert left < sum(sizes.values())
    assert oldest in keep.iterdir()


def test_no_drawing_is_kept_through_a_link_and_no_other_file_goes_for_one(
    tmp_path: Path, charts: tuple[Chart, ...]
) -> None:
    theirs = tmp_path / "theirs"
    theirs.mkdir()
    (theirs / "thesis.txt").write_text("of years")
    (tmp_path / kept_charts.FOLDER).symlink_to(theirs)
    fresh = drawn_anew(charts)
    assert drawings(charts, tmp_path, most_bytes=0) == fresh
    assert files(theirs) == {"thesis.txt": b"of years"}
    (tmp_path / kept_charts.FOLDER).unlink()
    drawings(charts, tmp_path)
    (theirs / "thesis.txt").rename(tmp_path / kept_charts.FOLDER / "thesis.txt")
    linked = min((tmp_path / kept_charts.FOLDER).glob("?" * 64))
    linked.unlink()
    (theirs / "diary.txt").write_text("of days")
    linked.symlink_to(theirs / "diary.txt")
    assert drawings(tuple(map(replace, charts)), tmp_path, most_bytes=0) == fresh
    assert files(theirs) == {"diary.txt": b"of days"}
    assert files(tmp_path / kept_charts.FOLDER) == {"thesis.txt": b"of years"}


def test_two_who_report_at_once_find_the_same(tmp_path: Path, charts: tuple[Chart, ...]) -> None:
    words = [sys.executable, "-c", PROGRAM, "--runs", str(tmp_path / "runs"), "report"]
    for run_id in (MADE, AGAIN):
        store(tmp_path, run_id, gpu_result(run_id))
    with ThreadPoolExecutor(2) as pool:
        ended = list(
            pool.map(
                lambda run_id: subprocess.run([*words, run_id], capture_output=True).returncode,
                (MADE, AGAIN),
            )
        )
    assert ended == [0, 0]
    one, two = (files(tmp_path / "runs" / run_id / "charts") for run_id in (MADE, AGAIN))
    assert one == two == {name: svg.encode() for name, svg in drawn_anew(charts).items()}
    assert not list((tmp_path / "runs" / kept_charts.FOLDER).glob("*.partial"))


def test_where_nothing_can_be_kept_charts_are_drawn_all_the_same(
    tmp_path: Path, charts: tuple[Chart, ...]
) -> None:
    (tmp_path / kept_charts.FOLDER).write_text("a file of somebody's")
    assert drawings(charts[:1], tmp_path) == drawn_anew(charts[:1])
    assert drawings(charts[:1], tmp_path / "nowhere") == drawn_anew(charts[:1])
    assert not (tmp_path / "nowhere").exists()
