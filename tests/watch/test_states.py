"""What is watched is remembered as bytes, races under a name of its own, and who is best is known."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from orchestrator.errors import UsageError
from orchestrator.store.kernels.users_provider import UsersProvider
from orchestrator.sync import sources
from orchestrator.values.snapshot import Kind
from orchestrator.workflows.against.twin import beside
from orchestrator.workflows.plan import Plan, Wish, plan
from orchestrator.workflows.watch.memory import Memory
from orchestrator.workflows.watch.reading import Now, Reader, with_bytes
from orchestrator.workflows.watch.states import State, watched
from remote_payload.contract.request import Provider
from remote_payload.contract.words import Stage
from tests.cli.conftest import copy_sources

STAGES = (Stage.BUILD, Stage.CHECK, Stage.BENCH)
SAYS = "// kernel {}\n"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    copy_sources(tmp_path / "project")
    return tmp_path / "project"


def now(root: Path, *users: UsersProvider, **wish: object) -> Now:
    asked = Wish(STAGES, user_providers=users, **wish)  # type: ignore[arg-type]
    return Reader(root, lambda: plan(asked, root)).read()


def edited(root: Path, text: str) -> Now:
    (root / "k").mkdir(exist_ok=True)
    (root / "k" / "mine.py").write_text(text)
    return now(root, UsersProvider("mine", "k/:mine.py:f"), providers=("sdpa",))


def test_that_a_state_races_as_it_was_when_its_files_are_other_ones(root: Path) -> None:
    before, after = edited(root, "one"), edited(root, "two")
    twins = [*State(3, before.parts).twins_beside(State(4, after.parts))]
    assert [twin.of for twin in twins] == ["mine"]
    assert twins[0].provider == Provider("mine@3", "providers/mine@3/mine.py:f")
    assert twins[0].extra == (("providers/mine@3/mine.py", b"one"),)
    raced = beside(Plan(after.plan.request, ()), twins, "turn3")
    by_name = {one.name: one for one in raced.request.providers}
    assert by_name["mine"].against == "mine@3"
    assert raced.request.against == "turn3"
    both = with_bytes(after.scan, raced.extra).snapshot.entries
    content = {one.path: one for one in both}
    assert content["providers/mine@3/mine.py"].size_bytes == 3
    assert content["providers/mine@3/mine.py"].kind is Kind.FILE


def test_that_our_kernel_races_with_a_csrc_of_its_own(root: Path) -> None:
    before = now(root, providers=("sparsek",))
    kernel = next((root / "csrc").rglob("*.cu"))
    kernel.write_text(SAYS.format(2))
    after = now(root, providers=("sparsek",))
    (twin,) = State(1, before.parts).twins_beside(State(2, after.parts))
    assert twin.provider == Provider("sparsek@1", sources="before/turn1")
    paths = [path for path, _ in twin.extra]
    assert f"before/turn1/{kernel.relative_to(root).as_posix()}" in paths


def test_that_what_an_editor_leaves_for_a_moment_is_no_other_state(root: Path) -> None:
    before = edited(root, "one")
    for name in (".mine.py.swp", "mine.py~", ".#mine.py"):
        (root / "k" / name).write_text("of an editor")
    after = edited(root, "one")
    assert after.digest == before.digest
    assert after.parts == before.parts


def test_that_the_last_right_state_and_the_best_are_raced_and_none_twice(root: Path) -> None:
    memory = Memory()
    states = [memory.state(edited(root, text).parts, n) for n, text in enumerate("abcd", 1)]
    assert memory.rivals(states[0]).states == ()
    memory.was_right(states[0])
    memory.was_right(states[1])
    found = memory.rivals(states[2])
    assert [one.label for one in found.states] == ["turn2", "turn1"]
    memory.best = states[1]
    assert [one.label for one in memory.rivals(states[2]).states] == ["turn2"]
    # One that was wrong is nobody's rival; one that is there again has the number of its first turn.
    again = memory.state(edited(root, "b").parts, 9)
    assert again.label == "turn2"
    assert [one.label for one in memory.rivals(again).states] == ["turn1"]


def test_that_who_watches_nothing_is_told_so(root: Path) -> None:
    with pytest.raises(UsageError, match="no provider that a save could change"):
        now(root, providers=("sdpa",))
    with pytest.raises(UsageError, match="there is no file gone"):
        now(root, UsersProvider("mine", "gone.py:f"))
    assert watched(edited(root, "one").plan.request, root)[0][1] == "providers/mine"


def test_that_what_was_named_is_followed_though_it_was_not_there_when_it_was_read(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As where an editor moves it away for a moment."""
    edited(root, "one")
    mine, read = root / "k" / "mine.py", sources._read_through

    def moved_away(local: str, likely_bytes: int) -> tuple[int, str, bool]:
        if local == str(mine):
            raise FileNotFoundError(local)
        return read(local, likely_bytes)

    monkeypatch.setattr(sources, "_read_through", moved_away)
    found = now(root, UsersProvider("mine", "k/mine.py:f"), providers=("sdpa",))
    assert "providers/mine/mine.py" not in {one.path for one in found.scan.snapshot.entries}
    assert mine in found.files
    assert mine.parent in found.folders


def test_that_a_project_that_nobody_touched_is_read_once_and_all_else_is_seen(root: Path) -> None:
    """Each time as a reader sees it that has never read anything."""
    (root / "k").mkdir()
    mine, kernel = root / "k" / "mine.py", next((root / "csrc").rglob("*.cu"))
    asked = Wish(STAGES, user_providers=(UsersProvider("mine", "k/:mine.py:f"),))
    ours = Reader(root, lambda: plan(asked, root))

    def add(path: Path) -> None:
        path.write_text("// something new")

    edits: tuple[Callable[[], None], ...] = (
        lambda: add(mine),
        lambda: add(root / "k" / "part.py"),
        lambda: add(kernel),
        lambda: add(kernel.with_name("new.cu")),
        lambda: kernel.with_name("new.cu").unlink(),
        lambda: (root / "k" / "part.py").unlink(),
        lambda: add(mine),
    )
    seen = set()
    for edit in edits:
        edit()
        found, anew = ours.read(), Reader(root, lambda: plan(asked, root)).read()
        assert found.scan.snapshot == anew.scan.snapshot
        assert found.scan.outside == anew.scan.outside
        assert found.parts == anew.parts
        seen.add(found.scan.snapshot.digest)
    assert len(seen) == 5


def test_that_what_was_saved_while_the_project_was_read_is_read_once_more(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As by a git checkout, which takes longer than to read one file."""
    edited(root, "one")
    file, read, left = root / "csrc" / "new.cuh", sources._read_through, ["// two", "// three"]

    def reading(local: str, likely_bytes: int) -> tuple[int, str, bool]:
        found = read(local, likely_bytes)
        if local == str(file) and left:
            file.write_text(left.pop())
        return found

    file.write_text("// one")
    monkeypatch.setattr(sources, "_read_through", reading)
    asked = Wish(STAGES, user_providers=(UsersProvider("mine", "k/:mine.py:f"),))
    ours = Reader(root, lambda: plan(asked, root))
    for _ in range(3):
        found = ours.read()
    anew = Reader(root, lambda: plan(asked, root)).read()
    assert found.scan.snapshot == anew.scan.snapshot
