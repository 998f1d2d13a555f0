"""A site is written into a folder of its own, and nowhere else."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from orchestrator.errors import UsageError
from tests.index.kept import Runs
from tests.site.made import FIRST, Kept

Place = Callable[[Runs, Path], Path]


def full(runs: Runs, tmp: Path) -> Path:
    folder = tmp / "full"
    folder.mkdir()
    (folder / "thesis.tex").write_text("years of work")
    return folder


def hidden(runs: Runs, tmp: Path) -> Path:
    folder = tmp / "hidden"
    folder.mkdir()
    (folder / ".git").mkdir()
    return folder


def of_another(runs: Runs, tmp: Path) -> Path:
    folder = tmp / "another"
    folder.mkdir()
    (folder / ".site.json").write_text('{"site": "of another program"}')
    return folder


def file(runs: Runs, tmp: Path) -> Path:
    (tmp / "file").write_text("x")
    return tmp / "file"


def linked(runs: Runs, tmp: Path) -> Path:
    (tmp / "link").symlink_to(runs.root)
    return tmp / "link"


REFUSED: list[tuple[Place, str]] = [
    (full, "not empty, and no site of ours"),
    (hidden, "not empty"),
    (of_another, "not one that this version wrote"),
    (file, "no folder"),
    (lambda runs, tmp: runs.root, "all runs are kept there"),
    (linked, "all runs are kept there"),
    (lambda runs, tmp: runs.root / "site", "within the folder of all runs"),
    (lambda runs, tmp: runs.store.folder(FIRST), "within the folder of all runs"),
    (lambda runs, tmp: runs.store.folder(FIRST) / "site", "within the folder of all runs"),
]


@pytest.mark.parametrize(("where", "words"), REFUSED)
def test_a_folder_that_is_somebody_elses_is_refused_and_left(
    three: Kept, tmp_path: Path, where: Place, words: str
) -> None:
    place = where(three.runs, tmp_path)
    three.make()  # the index is there from now on
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")}
    with pytest.raises(UsageError, match=words) as told:
        Kept(three.runs, place).make()
    assert told.value.hint
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")} == before


def test_a_copy_of_a_run_elsewhere_is_refused(three: Kept, tmp_path: Path) -> None:
    copied = tmp_path / "copied"
    three.runs.store.folder(FIRST).rename(copied)
    with pytest.raises(UsageError, match="the folder of a run"):
        Kept(three.runs, copied).make()


def test_an_empty_folder_and_a_link_to_one_will_do(three: Kept, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "link").symlink_to("empty")
    assert Kept(three.runs, tmp_path / "link").make().written == 3
    assert (tmp_path / "empty" / "index.html").is_file()


def test_a_folder_of_the_site_that_is_a_link_is_refused(three: Kept, tmp_path: Path) -> None:
    three.make()
    outside = tmp_path / "outside"
    (three.site / "runs").rename(outside)
    (three.site / "runs").symlink_to(outside)
    with pytest.raises(UsageError, match="runs is a link"):
        three.make()


def test_files_that_a_person_put_into_a_site_stay(three: Kept) -> None:
    three.make()
    (three.site / "CNAME").write_text("kernels.example")
    (three.site / "runs" / "mine.html").write_text("mine")
    three.make()
    assert (three.site / "CNAME").read_text() == "kernels.example"
    assert (three.site / "runs" / "mine.html").read_text() == "mine"


def test_a_site_of_another_version_is_not_said_to_be_none(three: Kept) -> None:
    three.make()
    (three.site / ".site.json").write_text('{"site":99}')
    before = three.files()
    with pytest.raises(UsageError, match=r"it has a \.site\.json, but not one that this version"):
        three.make()
    assert three.files() == before
