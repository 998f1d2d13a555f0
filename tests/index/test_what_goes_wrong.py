"""An index that is damaged, locked, of another version, or cannot be kept: the answer is the same."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from orchestrator.store.index import asking, looking, tables
from orchestrator.store.index.keeping import marks
from orchestrator.store.runs import labels
from tests.disks import immutable
from tests.index.kept import Runs, edited, settle

REPOSITORY = Path(__file__).parents[2]
NAMES = ["20261120-101530-h100-bench", "20261121-101530-h100-bench"]


@pytest.fixture
def two(runs: Runs) -> Runs:
    for name in NAMES:
        runs.home(name)
    assert [*runs.entries()] == NAMES
    return runs


def empty(path: Path) -> None:
    path.write_bytes(b"")


def nonsense(path: Path) -> None:
    path.write_bytes(b"no index " * 1000)


def half(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def holes(path: Path) -> None:
    """Its head is whole, and nothing else."""
    data = path.read_bytes()
    path.write_bytes(data[:4096] + b"\xff" * (len(data) - 4096))


def of_another_version(path: Path) -> None:
    with closing(sqlite3.connect(path)) as base:
        base.execute("PRAGMA user_version = 999")
        base.execute("DROP TABLE figures")


def of_somebody_else(path: Path) -> None:
    path.unlink()
    with closing(sqlite3.connect(path)) as base:
        base.execute("CREATE TABLE runs(name TEXT)")
    path.chmod(0o600)


def altered(statement: str) -> Callable[[Path], None]:
    """As a byte that is another one may leave it, on a disk or in memory that errs."""

    def alter(path: Path) -> None:
        with closing(sqlite3.connect(path, isolation_level=None)) as base:
            base.execute(statement)

    alter.__name__ = statement
    return alter


@pytest.mark.parametrize(
    "damage",
    [
        *(empty, nonsense, half, holes, of_another_version, of_somebody_else),
        altered("ALTER TABLE runs RENAME COLUMN gpu TO gqu"),
        altered("DROP TABLE figures"),
        altered("UPDATE runs SET tags = '[\"pap'"),
        altered("UPDATE runs SET commits = '[[1, 2, 3]]'"),
        altered("UPDATE runs SET cases = 7"),
        altered("UPDATE runs SET host = CAST(X'68FF' AS TEXT)"),
        altered("UPDATE runs SET machine = CAST(X'68FF' AS TEXT)"),
        altered("UPDATE runs SET name = CAST(X'FF' || substr(name, 2) AS TEXT)"),
    ],
    ids=lambda damage: damage.__name__,
)
def test_that_one_that_is_damaged_is_made_anew(two: Runs, damage: Callable[[Path], None]) -> None:
    settle()
    before, figures = two.entries(), [*two.index.figures()]
    damage(two.file)
    assert two.store.resolve("latest").name == NAMES[-1]
    assert two.entries() == before
    assert [*two.index.figures()] == figures
    with closing(sqlite3.connect(two.file)) as base:
        assert base.execute("PRAGMA user_version").fetchone()[0] == tables.VERSION
        assert base.execute("SELECT count(*) FROM runs").fetchone()[0] == len(NAMES)
        assert base.execute("PRAGMA integrity_check").fetchone()[0] == "ok"


@pytest.mark.parametrize("what", ["folder", "link", "link to nothing", "open to others"])
def test_that_what_is_no_index_of_ours_is_left_alone(two: Runs, tmp_path: Path, what: str) -> None:
    two.file.unlink()
    other = tmp_path / "other"
    if what == "folder":
        two.file.mkdir()
    elif what == "open to others":
        two.file.write_bytes(b"")
        two.file.chmod(0o666)
    else:
        if what == "link":
            other.write_bytes(b"mine")
        two.file.symlink_to(other)
    assert [*two.entries()] == NAMES
    assert two.store.resolve("latest").name == NAMES[-1]
    assert not other.exists() or other.read_bytes() == b"mine"
    assert what != "open to others" or two.file.stat().st_size == 0


def test_that_on_a_disk_that_can_only_be_read_the_folders_are_asked(two: Runs) -> None:
    with immutable(two.root):
        assert [*two.entries()] == NAMES, "nothing has to be written"
        labels.tag(two.root / NAMES[0], ["new"])
        assert two.entries()[NAMES[0]].tags == ("new",)
        assert two.store.resolve("new").name == NAMES[0]
    two.file.unlink()
    with immutable(two.root):
        assert two.entries()[NAMES[0]].tags == ("new",)
        assert not two.file.exists()


def test_that_whoever_is_locked_out_for_long_gets_the_same_answer(
    two: Runs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tables, "BUSY_S", 0.1)
    with closing(sqlite3.connect(two.file, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        assert [*two.entries()] == NAMES
        third = two.home("20261122-101530-h100-bench").name
        assert [*two.entries()] == [*NAMES, third]
        assert two.store.resolve("latest").name == third
        other.execute("ROLLBACK")
    assert [*two.entries()] == [*NAMES, third]


def test_that_a_copy_in_memory_waits_no_longer_than_anything_else_for_who_holds_the_index(
    two: Runs, monkeypatch: pytest.MonkeyPatch
) -> None:
    base = tables.opened(two.root, make=False)
    assert base
    monkeypatch.setattr(tables, "BUSY_S", 0.3)
    held = [sys.executable, "-c", HOLDER, str(two.file)]
    with closing(base), subprocess.Popen(held, stdin=subprocess.PIPE, stdout=-1) as holder:
        assert holder.stdout
        assert holder.stdout.readline()
        with closing(tables.in_memory(base)) as copy:
            assert not tables.is_kept(copy)
            assert copy.execute("SELECT count(*) FROM runs").fetchone() == (0,)
        holder.kill()


def test_that_a_copy_in_memory_that_came_late_is_taken_all_the_same(
    two: Runs, monkeypatch: pytest.MonkeyPatch
) -> None:
    base = tables.opened(two.root, make=False)
    assert base
    monkeypatch.setattr(tables, "BUSY_S", 0.0)
    with closing(base), closing(tables.in_memory(base)) as copy:
        assert copy.execute("SELECT count(*) FROM runs").fetchone() == (2,)


# As one that was stopped while it wrote; it lets go by itself, should nothing else end it.
HOLDER = """
import sqlite3, sys, time
base = sqlite3.connect(sys.argv[1], isolation_level=None)
base.execute("BEGIN EXCLUSIVE")
print(flush=True)
time.sleep(20)
"""
WRITER = """
import sys
from pathlib import Path
from orchestrator.store.index.index import RunIndex
from orchestrator.store.runs import labels
from orchestrator.store.runs.run_store import RunStore
from orchestrator.workflows.publishing.summary import summary_of
root, mine = Path(sys.argv[1]), sys.argv[2]
sys.stdin.readline()
for turn in range(6):
    folders = sorted(path for path in root.iterdir() if path.is_dir())
    for folder in folders[:3]:
        labels.tag(folder, [f"{mine}-{turn}"])
    if turn == 3:
        (root / ".index.sqlite").unlink(missing_ok=True)
    index = RunIndex(root, lambda: RunStore(root), summary_of, lambda: str)
    found = [one for one in index.entries() if f"{mine}-{turn}" in one.tags]
    assert len(found) == 3, [one.tags for one in index.entries()]
print("done")
"""


def test_that_two_processes_that_write_at_once_both_read_what_they_wrote(runs: Runs) -> None:
    """Tags are given and the index is brought up to them, and once thrown away, by both."""
    for day in range(1, 7):
        runs.home(f"202611{day:02d}-101530-h100-bench", summarised=day % 2 == 0)
    made = [
        subprocess.Popen(
            [sys.executable, "-c", WRITER, str(runs.root), name],
            cwd=REPOSITORY,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
        )
        for name in ("left", "right")
    ]
    for process in made:
        assert process.stdin
        process.stdin.write("go\n")
        process.stdin.flush()
    told = [process.communicate(timeout=120) for process in made]
    assert [out for out, _ in told] == ["done\n", "done\n"], told
    wanted = {f"{name}-{turn}" for name in ("left", "right") for turn in range(6)}
    assert [set(one.tags) == wanted for one in runs.entries().values()] == [True] * 3 + [False] * 3


@pytest.mark.parametrize("gone", [0, 1, 2])
def test_that_a_run_that_is_removed_meanwhile_takes_no_other_with_it(
    two: Runs, monkeypatch: pytest.MonkeyPatch, gone: int
) -> None:
    names = [*NAMES, two.home("20261122-101530-h100-bench").name]
    entries = asking.entries

    def meanwhile(*given: Any) -> list[tuple[Any, ...]]:
        monkeypatch.undo()
        two.store.remove(two.store.folder(names[gone]))
        assert len(two.entries()) == 2
        return entries(*given)

    monkeypatch.setattr(asking, "entries", meanwhile)
    assert [*two.entries()] == [name for name in names if name != names[gone]]


def test_that_a_run_that_another_process_brings_in_meanwhile_stays(
    two: Runs, monkeypatch: pytest.MonkeyPatch
) -> None:
    cards, third = looking.cards, "20261122-101530-h100-bench"

    def meanwhile(*given: Any) -> dict[str, int]:
        seen = cards(*given)
        monkeypatch.undo()
        two.home(third)
        assert [*two.entries()] == [*NAMES, third]
        return seen

    monkeypatch.setattr(looking, "cards", meanwhile)
    assert [*two.entries()] == [*NAMES, third]


def test_that_a_run_of_which_only_the_card_is_known_yet_is_not_told(
    two: Runs, monkeypatch: pytest.MonkeyPatch
) -> None:
    entries = asking.entries

    def meanwhile(*given: Any) -> list[tuple[Any, ...]]:
        monkeypatch.undo()
        came = two.home("20261120-111530-h100-bench", created_at="2026-11-20T11:15:30Z")
        edited(came / "run.json", after="", after_at="", after_number=0)
        assert marks(two.root)
        return entries(*given)

    monkeypatch.setattr(asking, "entries", meanwhile)
    assert [*two.entries()] == NAMES
    assert len(two.entries()) == 3


def test_that_an_index_that_fails_twice_tells_no_run_twice(
    two: Runs, monkeypatch: pytest.MonkeyPatch
) -> None:
    settle()
    assert [*two.entries()] == NAMES
    third = two.home("20261122-101530-h100-bench").name
    entries, calls = asking.entries, count(1)

    def failing(*given: Any) -> list[tuple[Any, ...]]:
        if next(calls) in (2, 3):
            raise sqlite3.OperationalError("disk I/O error")
        return entries(*given)

    monkeypatch.setattr(asking, "entries", failing)
    assert [one.name for one in two.index.entries()] == [*NAMES, third]
    assert next(calls) == 5
