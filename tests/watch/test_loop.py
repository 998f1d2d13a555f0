"""What follows from saves, keys and turns that end: files and their reader are real, turns are as
long as a test wants them."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from orchestrator.cli.watching import loop as watching
from orchestrator.cli.watching.loop import Loop
from orchestrator.here.aside import begun
from orchestrator.store.kernels.users_provider import UsersProvider
from orchestrator.sync.packing import SourcesChanged
from orchestrator.workflows.plan import Wish, plan
from orchestrator.workflows.watch.outcome import Outcome, Word
from orchestrator.workflows.watch.racing import Cancelled
from orchestrator.workflows.watch.reading import Now, Reader
from remote_payload.contract.words import Stage
from remote_payload.warm.turn import GRACE_S
from tests.cli.conftest import copy_sources
from tests.faults.conftest import wait_until

WISH = Wish(
    (Stage.CHECK, Stage.BENCH),
    user_providers=(UsersProvider("mine", "k/:mine.py:f"),),
    providers=("sdpa",),
)


@dataclass
class Turned:
    """A turn that was begun; `ends` says to what it comes, None: it was called off."""

    number: int
    text: str
    over: threading.Event = field(default_factory=threading.Event)
    raises: BaseException | None = None


class Scripted:
    """Turns and their line, as far as a loop knows them."""

    def __init__(self) -> None:
        self.begun: list[Turned] = []

    def turn(self, number: int, now: Now) -> Outcome:
        one = Turned(number, now.parts[0].files[0][1].decode())
        self.begun.append(one)
        assert one.over.wait(20)
        if one.raises is not None:
            raise one.raises
        return Outcome(number, Word.RIGHT)

    def call_off(self) -> None:
        self.begun[-1].raises = Cancelled()
        self.begun[-1].over.set()

    def close(self) -> None:
        return

    def settle(self) -> None:
        return

    def until(self, text: str) -> Turned:
        """The turn of these bytes, once it has begun."""
        wait_until(lambda: bool(self.begun) and self.begun[-1].text == text)
        return self.begun[-1]


class Told:
    """What is shown."""

    def __init__(self) -> None:
        self.outcomes: list[Outcome] = []

    @contextmanager
    def drawing(self) -> Iterator[None]:
        yield

    def turn(self, outcome: Outcome) -> None:
        self.outcomes.append(outcome)


class Fingers:
    """Keys of nobody's terminal."""

    def __init__(self) -> None:
        self.descriptor, self.mouth = os.pipe()

    def keep(self) -> None:
        return

    def pressed(self) -> str:
        return os.read(self.descriptor, 10).decode()


@dataclass
class Watched:
    mine: Path
    reader: Reader
    turns: Scripted = field(default_factory=Scripted)
    told: Told = field(default_factory=Told)

    @contextmanager
    def watching(self, first: Now) -> Iterator[None]:
        """While the block lasts a loop goes on in a thread of its own; `q` ends it."""
        keys, parts = Fingers(), (self.turns, self.turns, self.told)
        loop = Loop(self.reader, *parts, lambda: None)  # type: ignore[arg-type]
        running = begun(lambda: loop.run(first, keys), "a loop")  # type: ignore[arg-type]
        try:
            yield
        finally:
            os.write(keys.mouth, b"q")
            assert running.result(20) == 0
            os.close(keys.mouth)
            os.close(keys.descriptor)


@pytest.fixture
def watched(tmp_path: Path) -> Watched:
    root = tmp_path / "project"
    copy_sources(root)
    (root / "k").mkdir()
    (root / "k" / "mine.py").write_text("a")
    return Watched(root / "k" / "mine.py", Reader(root, lambda: plan(WISH, root)))


def test_that_no_two_turns_have_one_number_though_the_first_was_called_off(
    watched: Watched,
) -> None:
    """Two states of one number would be the same rival to a host."""
    with watched.watching(watched.reader.read()):
        watched.turns.until("a")
        watched.mine.write_text("b")
        watched.turns.until("b")
        watched.mine.write_text("c")
        watched.turns.until("c").over.set()
        wait_until(lambda: bool(watched.told.outcomes))
    assert [(one.number, one.text) for one in watched.turns.begun] == [(1, "a"), (2, "b"), (3, "c")]
    assert [one.number for one in watched.told.outcomes] == [3]


def test_that_what_was_saved_before_anybody_listened_is_a_turn(watched: Watched) -> None:
    first = watched.reader.read()
    watched.mine.write_text("b")
    with watched.watching(first):
        watched.turns.until("b").over.set()


def test_that_a_link_that_leads_to_another_file_is_a_save(watched: Watched) -> None:
    """Also by way of another link, and where nothing else of it lies in the folder of either."""
    mine, root = watched.mine, watched.mine.parents[1]
    for name in "ab":
        (root / "states").mkdir(exist_ok=True)
        (root / "states" / f"{name}.py").write_text(name)
    (root / "now").mkdir()
    (root / "now" / "it.py").symlink_to("../states/a.py")
    mine.unlink()
    mine.symlink_to("../now/it.py")
    wish = replace(WISH, user_providers=(UsersProvider("mine", "k/mine.py:f"),))
    watched.reader = Reader(root, lambda: plan(wish, root))
    for link, leads in ((root / "now" / "it.py", "../states/b.py"), (mine, "../states/a.py")):
        with watched.watching(watched.reader.read()):
            watched.turns.until(link.resolve().stem).over.set()
            time.sleep(0.5)  # what is new is read twice
            (root / "beside").symlink_to(leads)
            (root / "beside").replace(link)
            watched.turns.until(link.resolve().stem).over.set()


def test_that_a_file_that_may_not_be_sent_is_told_as_gone_and_its_next_save_is_a_turn(
    watched: Watched,
) -> None:
    """Though it was the only one in its folder that travelled."""
    wish = replace(WISH, user_providers=(UsersProvider("mine", "k/mine.py:f"),))
    watched.reader = Reader(watched.mine.parents[1], lambda: plan(wish, watched.mine.parents[1]))
    with watched.watching(watched.reader.read()):
        watched.turns.until("a").over.set()
        wait_until(lambda: len(watched.told.outcomes) == 1)  # else the save would call it off
        watched.mine.write_text("-----BEGIN PRIVATE KEY-----\n-----END PRIVATE KEY-----\n")
        wait_until(lambda: len(watched.told.outcomes) == 2)
        time.sleep(0.5)
        watched.mine.write_text("b")
        watched.turns.until("b").over.set()
    gone = watched.told.outcomes[1]
    assert gone.word is Word.GONE
    assert gone.troubles[0].reason == "provider mine is not sent: mine.py holds a private key"


def test_that_a_turn_whose_sources_changed_under_it_is_begun_anew(watched: Watched) -> None:
    """Though there is no word of a save: its files are what they were by now."""
    with watched.watching(watched.reader.read()):
        first = watched.turns.until("a")
        first.raises = SourcesChanged("k/mine.py is not what it was")
        first.over.set()
        wait_until(lambda: len(watched.turns.begun) == 2)
        watched.turns.until("a").over.set()
        wait_until(lambda: bool(watched.told.outcomes))


def test_that_the_host_has_time_to_end_a_turn_before_its_connection_goes() -> None:
    assert watching._ENDS_S >= GRACE_S + 2
