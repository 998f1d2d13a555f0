"""What is saved is noticed: however an editor writes, and where the kernel has no word of it."""

from __future__ import annotations

import queue
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from orchestrator.cli.watching.saves import Saves

Follow = Callable[..., Saves]


@pytest.fixture
def saved() -> queue.SimpleQueue[float]:
    return queue.SimpleQueue()


@pytest.fixture
def saves(saved: queue.SimpleQueue[float]) -> Iterator[Saves]:
    made = Saves(lambda: saved.put(time.monotonic()))
    yield made
    made.close()


def until_heard(act: Callable[[int], object], saved: queue.SimpleQueue[float]) -> None:
    """Do it again until it is noticed: the first may come before anybody listens."""
    for number in range(100):
        act(number)
        try:
            saved.get(timeout=0.3)
            break
        except queue.Empty:
            continue
    else:
        pytest.fail("nobody noticed")
    time.sleep(0.3)
    while not saved.empty():
        saved.get()


@pytest.mark.parametrize("dances", [False, True], ids=["written", "renamed"])
def test_that_a_save_is_noticed_at_once_and_once(
    saves: Saves, saved: queue.SimpleQueue[float], tmp_path: Path, dances: bool
) -> None:
    file, beside = tmp_path / "mine.py", tmp_path / "mine.py.new"
    file.write_text("0")
    saves.follow(frozenset([tmp_path]), [file])

    def save(number: int) -> None:
        if not dances:
            file.write_text(f"{number} is now what stands there")
            return
        file.rename(tmp_path / "mine.py~")
        beside.write_text(f"{number} is new")
        beside.rename(file)
        (tmp_path / "mine.py~").unlink()

    until_heard(save, saved)
    began = time.monotonic()
    save(100)
    assert saved.get(timeout=5) - began < 2
    time.sleep(0.4)
    assert saved.empty()


def test_that_a_folder_that_was_replaced_is_looked_at(saves: Saves, tmp_path: Path) -> None:
    folder = tmp_path / "k"
    folder.mkdir()
    (folder / "mine.py").write_text("one")
    saves.follow(frozenset([folder]), [folder / "mine.py"])
    assert not saves.look()
    shutil.rmtree(folder)
    assert saves.look()
    assert not saves.look()
    folder.mkdir()
    (folder / "mine.py").write_text("two")
    assert saves.look()


def test_that_to_follow_anew_forgets_no_save_and_tells_what_was_not_followed(
    saves: Saves, tmp_path: Path
) -> None:
    mine, part = tmp_path / "mine.py", tmp_path / "part.py"
    mine.write_text("one")
    assert saves.follow(frozenset(), [mine])
    mine.write_text("another one")
    assert not saves.follow(frozenset(), [mine])
    assert saves.look()
    assert saves.follow(frozenset(), [mine, part])
    assert not saves.look()
