"""Runs in one file: there and back again, and what comes from strangers."""

from __future__ import annotations

import gzip
import io
import json
import tarfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from orchestrator.errors import OrchestratorError, RunError, RunTaken, UsageError
from orchestrator.store.archive.packing import pack
from orchestrator.store.archive.unpacking import unpack
from orchestrator.store.runs.run_store import RunStore
from orchestrator.values.price import Charge
from orchestrator.values.run import Run
from tests.index.kept import Runs, edited
from tests.workflows.syncing import held

NAME = "20261122-101530-h100-bench"


@pytest.fixture
def folder(runs: Runs) -> Path:
    folder = runs.home(NAME, tags=("paper",))
    (folder / "report.md").write_text("# a report\n")
    (folder / "charts").mkdir()
    (folder / "charts" / "a.svg").write_text("<svg/>")
    (folder / "result.json.partial").write_text("half")
    (folder / "secret").symlink_to("/etc/passwd")
    return folder


@pytest.fixture
def elsewhere(tmp_path: Path) -> RunStore:
    return RunStore(tmp_path / "elsewhere" / "runs")


def test_that_a_run_comes_out_as_it_went_in(
    folder: Path, runs: Runs, elsewhere: RunStore, tmp_path: Path
) -> None:
    other = runs.home("20261123-101530-b200-check")
    file = tmp_path / "both.tar.gz"
    assert pack([folder, other], file) == 10
    came = unpack(file, elsewhere)
    assert [one.name for one in came.new] == [NAME, other.name]
    assert {path.name for path in elsewhere.root.iterdir()} == {NAME, other.name}
    for name in ("result.json", "request.json", "end.json", "report.md"):
        assert (elsewhere.folder(NAME) / name).read_bytes() == (folder / name).read_bytes()
    assert not (elsewhere.folder(NAME) / "secret").exists()
    assert not (elsewhere.folder(NAME) / "result.json.partial").exists()
    loaded = elsewhere.load(elsewhere.folder(NAME))
    assert (loaded.changed, loaded.card.tags) == ((), ("paper",))
    assert loaded.card == replace(runs.store.load(folder).card, summary=None)
    again = unpack(file, elsewhere)
    assert (again.new, again.known) == ((), (NAME, other.name))


def test_that_an_archive_says_nothing_of_who_packed_it(folder: Path, tmp_path: Path) -> None:
    edited(folder / "run.json", workspace="/home/somebody/work")
    first, second = tmp_path / "1.tar.gz", tmp_path / "2.tar.gz"
    pack([folder], first)
    pack([folder], second)
    assert first.read_bytes() == second.read_bytes()
    with tarfile.open(first) as archive:
        members = archive.getmembers()
        card = archive.extractfile(f"{NAME}/run.json")
        assert card is not None
        assert b"somebody" not in card.read()
    assert {(m.uid, m.gid, m.uname, m.gname, m.mode) for m in members} == {(0, 0, "", "", 0o644)}


def test_that_packing_takes_nobodys_place(folder: Path, tmp_path: Path) -> None:
    file = tmp_path / "mine.tar.gz"
    file.write_text("mine")
    with pytest.raises(UsageError, match="is there already"):
        pack([folder], file)
    assert file.read_text() == "mine"
    with pytest.raises(UsageError):
        pack([folder], tmp_path / "no folder" / "a.tar.gz")
    (tmp_path / "b.tar.gz.partial").write_text("mine")
    with pytest.raises(UsageError, match=r"b\.tar\.gz\.partial is there already"):
        pack([folder], tmp_path / "b.tar.gz")
    assert (tmp_path / "b.tar.gz.partial").read_text() == "mine"
    pack([folder], tmp_path / "c.tar.gz")
    left = sorted(path.name for path in tmp_path.iterdir() if "tar" in path.name)
    assert left == ["b.tar.gz.partial", "c.tar.gz", "mine.tar.gz"]


def test_that_what_nobody_could_take_out_again_is_not_packed(folder: Path, tmp_path: Path) -> None:
    theirs = Runs(tmp_path / "theirs").home(NAME)
    with pytest.raises(UsageError, match=f"several of these runs are called {NAME}"):
        pack([folder, theirs], tmp_path / "a.tar.gz")
    (folder / "run.json").write_text('{"workspace": "/home/somebody"}')
    with pytest.raises(RunError, match=r"run\.json"):
        pack([folder], tmp_path / "a.tar.gz")
    assert not [path for path in tmp_path.iterdir() if "tar" in path.name]


def test_that_no_run_gives_way_to_one_of_its_name(
    folder: Path, elsewhere: RunStore, tmp_path: Path
) -> None:
    file = tmp_path / "a.tar.gz"
    pack([folder], file)
    there = Runs(elsewhere.root).home(NAME)
    before = held(there)
    with pytest.raises(RunTaken, match="is another run, and has the name of one in the archive"):
        unpack(file, elsewhere)
    assert held(there) == before
    assert [path.name for path in elsewhere.root.iterdir()] == [NAME]


@pytest.mark.parametrize("name", ["result.json", "request.json", "end.json"])
def test_that_a_run_that_is_not_what_its_card_says_is_not_taken(
    folder: Path, elsewhere: RunStore, tmp_path: Path, name: str
) -> None:
    (folder / name).write_text((folder / name).read_text() + " ")
    file = tmp_path / "a.tar.gz"
    pack([folder], file)
    with pytest.raises(RunError, match=f"{name} is not what .* nothing was imported"):
        unpack(file, elsewhere)
    assert [*elsewhere.root.iterdir()] == []


def test_that_of_many_runs_none_is_taken_where_one_is_damaged(
    folder: Path, runs: Runs, elsewhere: RunStore, tmp_path: Path
) -> None:
    bad = runs.home("20261123-101530-h100-bench")
    (bad / "result.json").write_text("{")
    pack([folder, bad], tmp_path / "a.tar.gz")
    with pytest.raises(RunError, match="nothing was imported"):
        unpack(tmp_path / "a.tar.gz", elsewhere)
    assert [*elsewhere.root.iterdir()] == []


def test_that_ctrl_c_between_two_runs_takes_none_of_them(
    folder: Path, runs: Runs, tmp_path: Path
) -> None:
    pack([folder, runs.home("20261123-101530-h100-bench")], tmp_path / "a.tar.gz")

    class Interrupted(RunStore):
        """Somebody presses Ctrl-C as soon as the first run is in its place."""

        def folder(self, run_id: str) -> Path:
            if [one.name for one in self.root.glob("2*")] == [NAME] != [run_id]:
                raise KeyboardInterrupt
            return super().folder(run_id)

    elsewhere = Interrupted(tmp_path / "elsewhere")
    with pytest.raises(KeyboardInterrupt):
        unpack(tmp_path / "a.tar.gz", elsewhere)
    assert [*elsewhere.root.iterdir()] == []


def member(name: str, data: bytes = b"x", **facts: Any) -> tuple[tarfile.TarInfo, bytes]:
    made = tarfile.TarInfo(name)
    made.size = len(data)
    for key, value in facts.items():
        setattr(made, key, value)
    return made, data


Members = list[tuple[tarfile.TarInfo, bytes]]
HOSTILE: dict[str, Members] = {
    "out by dots": [member(f"{NAME}/../../evil")],
    "out by one name": [member("../evil")],
    "absolute": [member("/tmp/evil-of-a-test")],
    "a link": [member(f"{NAME}/a", b"", type=tarfile.SYMTYPE, linkname="/etc")],
    "through a link": [
        member(f"{NAME}/a", b"", type=tarfile.SYMTYPE, linkname=".."),
        member(f"{NAME}/a/evil"),
    ],
    "a hard link": [member(f"{NAME}/a", b"", type=tarfile.LNKTYPE, linkname="/etc/passwd")],
    "a device": [member(f"{NAME}/a", b"", type=tarfile.CHRTYPE, devmajor=1, devminor=3)],
    "a pipe": [member(f"{NAME}/a", b"", type=tarfile.FIFOTYPE)],
    "beside runs": [member("evil")],
    "into the index": [member(".index.sqlite")],
    "a hidden folder": [member(".arriving-x/run.json")],
    "called latest": [member("latest/run.json")],
    "an option": [member("--yes/run.json")],
    "a backslash": [member(f"{NAME}\\..\\evil/a")],
    "a dot": [member(f"{NAME}/./run.json")],
    "two slashes": [member(f"{NAME}//run.json")],
    "twice": [member(f"{NAME}/a"), member(f"{NAME}/a")],
    "deep": [member(NAME + "/a" * 40)],
    "long": [member(f"{NAME}/{'a' * 250}")],
    "a file that is a folder": [member(f"{NAME}/a"), member(f"{NAME}/a/b")],
    "no card": [member(f"{NAME}/result.json", b"{}")],
    "a card that is none": [member(f"{NAME}/run.json", b"{}")],
    "nothing": [],
    "only a folder": [member(NAME, b"", type=tarfile.DIRTYPE)],
}


@pytest.mark.parametrize("what", HOSTILE)
def test_that_a_hostile_archive_leaves_nothing(
    runs: Runs, elsewhere: RunStore, tmp_path: Path, what: str
) -> None:
    card = runs.home(NAME) / "run.json"
    file = tmp_path / "evil.tar.gz"
    with tarfile.open(file, "w:gz") as archive:
        if what not in ("no card", "a card that is none", "nothing", "only a folder"):
            archive.addfile(*_with(member(f"{NAME}/run.json", card.read_bytes())))
        for one in HOSTILE[what]:
            archive.addfile(*_with(one))
    before = held(tmp_path)
    with pytest.raises(OrchestratorError, match=r"evil\.tar\.gz|nothing was imported"):
        unpack(file, elsewhere)
    assert [*elsewhere.root.iterdir()] == []
    elsewhere.root.rmdir()
    elsewhere.root.parent.rmdir()
    assert held(tmp_path) == before
    assert not Path("/tmp/evil-of-a-test").exists()


def _with(one: tuple[tarfile.TarInfo, bytes]) -> tuple[tarfile.TarInfo, io.BytesIO]:
    return one[0], io.BytesIO(one[1])


def cut(data: bytes) -> bytes:
    return data[: len(data) // 2]


def no_gzip(data: bytes) -> bytes:
    return gzip.decompress(data)


def bent(data: bytes) -> bytes:
    middle = len(data) // 2
    return data[:middle] + bytes(64) + data[middle + 64 :]


@pytest.mark.parametrize("damage", [cut, no_gzip, bent, lambda data: b"", lambda data: b"text"])
def test_that_a_damaged_archive_leaves_nothing(
    folder: Path, elsewhere: RunStore, tmp_path: Path, damage: Callable[[bytes], bytes]
) -> None:
    file = tmp_path / "a.tar.gz"
    pack([folder], file)
    file.write_bytes(damage(file.read_bytes()))
    with pytest.raises(
        UsageError, match=r"nothing was imported|is no archive of runs|no file in it"
    ):
        unpack(file, elsewhere)
    assert [*elsewhere.root.iterdir()] == []


def test_that_what_grows_without_end_is_stopped(
    runs: Runs, elsewhere: RunStore, tmp_path: Path
) -> None:
    file = tmp_path / "a.tar.gz"
    with tarfile.open(file, "w:gz") as archive:
        archive.addfile(*_with(member(f"{NAME}/zeros", bytes(3 << 20))))
        archive.addfile(*_with(member(f"{NAME}/more", bytes(3 << 20))))
    for limits in ({"most_bytes": 4 << 20}, {"most_files": 1}):
        with pytest.raises(UsageError, match=r"come out of it|more than 1 files"):
            unpack(file, elsewhere, **limits)
        assert [*elsewhere.root.iterdir()] == []
    header = tarfile.TarInfo("x")
    header.type, header.size = tarfile.XHDTYPE, 1 << 40
    file.write_bytes(gzip.compress(header.tobuf()))
    with pytest.raises(UsageError, match="is no archive of runs"):
        unpack(file, elsewhere)


def test_that_a_run_that_was_paid_for_since_is_still_the_same(
    folder: Path, runs: Runs, elsewhere: RunStore, tmp_path: Path
) -> None:
    runs.store.add_charge(folder, Charge(0.5, 60.0))
    pack([folder], tmp_path / "a.tar.gz")
    (came,) = unpack(tmp_path / "a.tar.gz", elsewhere).new
    elsewhere.add_charge(came, Charge(0.5, 60.0))
    assert unpack(tmp_path / "a.tar.gz", elsewhere).known == (NAME,)


def test_that_what_an_archive_says_of_its_figures_itself_counts_for_nothing(
    folder: Path, runs: Runs, elsewhere: RunStore, tmp_path: Path
) -> None:
    true = [one.row for one in runs.index.figures()]
    summary = json.loads((folder / "run.json").read_text())["summary"]
    for row in summary["rows"]:
        row["median_us"] /= 10
    edited(folder / "run.json", summary={**summary, "verdict": "mine is FASTER"})
    pack([folder], tmp_path / "a.tar.gz")
    unpack(tmp_path / "a.tar.gz", elsewhere)
    here = Runs(elsewhere.root)
    assert [one.row for one in here.index.figures()] == true
    assert "FASTER" not in here.entries()[NAME].verdict


def test_that_an_old_run_whose_card_binds_nothing_is_taken_and_one_that_hides_it_is_not(
    runs: Runs, elsewhere: RunStore, tmp_path: Path
) -> None:
    folder = runs.home(NAME)
    card = json.loads((folder / "run.json").read_text())
    edited(folder / "run.json", files=[])
    pack([folder], tmp_path / "old.tar.gz")
    (came,) = unpack(tmp_path / "old.tar.gz", elsewhere).new
    loaded: Run = elsewhere.load(came)
    assert loaded.result is not None
    again = unpack(tmp_path / "old.tar.gz", elsewhere)
    assert (again.new, again.known) == ((), (NAME,))
    (came / "end.json").write_text((came / "end.json").read_text() + " ")
    with pytest.raises(RunTaken):
        unpack(tmp_path / "old.tar.gz", elsewhere)
    elsewhere.remove(came)
    files = [one for one in card["files"] if one["path"] == "request.json"]
    edited(folder / "run.json", files=files)
    pack([folder], tmp_path / "odd.tar.gz")
    with pytest.raises(RunError, match="nothing binds its result"):
        unpack(tmp_path / "odd.tar.gz", elsewhere)
