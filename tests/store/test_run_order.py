"""The order of runs: by their cards, under clocks that jump and folders that were copied or named
anew."""

from __future__ import annotations

import hashlib
import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from orchestrator.store.runs.run_store import RunStore
from orchestrator.workflows.jobs.latest import TO_REPORT, WAS_TO_TIME, resolve
from remote_payload.contract.request import Request
from remote_payload.contract.words import Stage
from tests.store.test_runs import card

ASKED = Request("", "feed", (Stage.BENCH,), (), ())


@pytest.fixture
def store(tmp_path: Path) -> RunStore:
    return RunStore(tmp_path / "runs")


def make(store: RunStore, at: str, host: str = "h100") -> str:
    """A run made when this machine's clock said so, e.g. 2026-11-22T10:15:30Z."""
    stamp = at.replace("-", "").replace(":", "").replace("T", "-").rstrip("Z")
    made = replace(card(f"{stamp}-{host}-bench"), created_at=at)
    return store.create(made, ASKED).run_id


def names(store: RunStore) -> list[str]:
    return [folder.name for folder in store.all()]


def latest(store: RunStore) -> set[str]:
    """As every command finds it."""
    kinds = (resolve(store, "latest", kind) for kind in (TO_REPORT, WAS_TO_TIME))
    return {folder.name for folder in (store.resolve("latest"), *kinds)}


def test_after_our_clock_was_set_back_latest_is_the_run_made_last(store: RunStore) -> None:
    made = [
        make(store, at)
        for at in (
            "2026-11-22T10:00:00Z",
            "2027-11-22T10:00:00Z",
            "2026-11-22T10:05:00Z",
            "2026-11-22T10:04:00Z",
        )
    ]
    assert names(store) == made
    assert latest(store) == {made[-1]}


def test_the_order_holds_when_the_run_with_the_wrong_time_is_removed(store: RunStore) -> None:
    first, wrong, second, third = (
        make(store, f"{year}-11-22T10:0{minute}:00Z")
        for year, minute in ((2026, 0), (2027, 1), (2026, 2), (2026, 3))
    )
    store.remove(store.folder(wrong))
    assert names(store) == [first, second, third]
    assert make(store, "2026-11-22T10:04:00Z") in latest(store)


@pytest.mark.parametrize("gone", [(1,), (1, 2), (2, 3), (1, 3), (3, 1), (1, 2, 3)])
def test_the_order_holds_whichever_runs_of_before_our_clock_was_set_back_are_removed(
    store: RunStore, gone: tuple[int, ...]
) -> None:
    made = [
        make(store, f"2026-{month}T10:00:00Z", host)
        for month, host in (
            ("09-22", "z"),
            ("11-22", "a"),
            ("07-22", "z"),
            ("07-21", "m"),
            ("07-22", "a"),
            ("07-20", "b"),
        )
    ]
    for number in gone:
        store.remove(store.folder(made[number]))
    left = [run_id for number, run_id in enumerate(made) if number not in gone]
    assert names(store) == left
    assert latest(store) == {made[-1]}
    assert [*left, make(store, "2026-06-01T10:00:00Z")] == names(store)


def test_a_card_without_the_place_of_the_run_before_it_is_read_as_before(store: RunStore) -> None:
    made = [make(store, f"2026-{month}-22T10:00:00Z") for month in ("09", "11", "07")]
    for run_id in made:
        path = store.folder(run_id) / "run.json"
        path.write_text(json.dumps({k: v for k, v in read(path).items() if "after_" not in k}))
    assert names(store) == made
    assert store.load(store.folder(made[2])).card.after_at == ""
    last = make(store, "2026-06-22T10:00:00Z")
    store.remove(store.folder(made[2]))
    assert names(store) == [*made[:2], last]


@pytest.mark.parametrize(
    "place", [("soon", 1), (7, 1), ("2026-11-22T10:00:00Z", "x"), ("2026-11-22T10:00:00Z", True)]
)
def test_a_place_that_can_be_none_tells_nothing(
    store: RunStore, place: tuple[object, object]
) -> None:
    old, new = make(store, "2026-11-20T10:00:00Z"), make(store, "2026-11-21T10:00:00Z")
    path = store.folder(old) / "run.json"
    said = {"after": "0" * 16, "after_at": place[0], "after_number": place[1]}
    path.write_text(json.dumps(read(path) | said))
    assert names(store) == [old, new]


@pytest.mark.parametrize(
    "number", [str(1 << 53), str((1 << 64) - 1), "1" + "0" * 30, "9" * 4300, "-1"], ids=len
)
def test_a_number_that_no_card_can_hold_keeps_no_run_from_being_made(
    store: RunStore, number: str
) -> None:
    old = make(store, "2026-11-20T10:00:00Z")
    path = store.folder(old) / "run.json"
    said = {"after": "0" * 16, "after_at": "2027-11-20T10:00:00Z", "after_number": 0}
    text = json.dumps(read(path) | said)
    path.write_text(text.replace('"after_number": 0', f'"after_number": {number}'))
    new = make(store, "2026-11-21T10:00:00Z")
    assert names(store) == [old, new]
    assert store.load(store.folder(new)).card.after_number == 0


@pytest.mark.parametrize("name", ["zzz", "0", "backup of runs", "99991231-235959-x-bench"])
def test_a_copied_folder_is_as_old_as_the_run_it_was_copied_from(
    store: RunStore, name: str
) -> None:
    old, new = make(store, "2026-11-22T10:00:00Z"), make(store, "2026-11-23T10:00:00Z")
    shutil.copytree(store.folder(old), store.folder(name))
    assert latest(store) == {new}
    assert set(names(store)[:2]) == {old, name}
    shutil.copytree(store.folder(new), store.folder(f"{name} 2"))
    assert latest(store) == {new}, "of a run and its copy, the run"


@pytest.mark.parametrize("name", ["zzz", "0", "mine"])
def test_a_renamed_folder_keeps_its_place(store: RunStore, name: str) -> None:
    old, new = make(store, "2026-11-22T10:00:00Z"), make(store, "2026-11-23T10:00:00Z")
    store.folder(new).rename(store.folder(name))
    assert names(store) == [old, name]
    assert latest(store) == {name}
    back = make(store, "2026-11-22T09:00:00Z")
    assert names(store) == [old, name, back], "made after the renamed one, its clock set back"
    store.folder(old).rename(store.folder("zzzz"))
    assert names(store) == ["zzzz", name, back]


def test_a_restored_folder_takes_the_place_it_had(store: RunStore, tmp_path: Path) -> None:
    old, new = make(store, "2026-11-22T10:00:00Z"), make(store, "2026-11-23T10:00:00Z")
    shutil.copytree(store.folder(old), tmp_path / "saved")
    store.remove(store.folder(old))
    last = make(store, "2026-11-24T10:00:00Z")
    (tmp_path / "saved").rename(store.folder(old))
    assert names(store) == [old, new, last]


def test_runs_of_one_second_stand_in_the_order_they_were_made(store: RunStore) -> None:
    hosts = ["z", "a", "m", *["same"] * 11]
    made = [make(store, "2026-11-22T10:00:00Z", host) for host in hosts]
    assert made[-1].endswith("-11")
    assert names(store) == made


def test_of_runs_without_a_note_of_their_order_the_tenth_comes_after_the_ninth(
    store: RunStore,
) -> None:
    """As they were made before cards had one."""
    made = [make(store, "2026-11-22T10:00:00Z") for _ in range(11)]
    for run_id in made:
        path = store.folder(run_id) / "run.json"
        path.write_text(json.dumps({k: v for k, v in read(path).items() if k != "after"}))
    assert names(store) == made
    assert store.load(store.folder(made[0])).card.after == ""


def read(path: Path) -> dict[str, str]:
    document: dict[str, str] = json.loads(path.read_text())
    return document


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("2026-11-22T12:00:00+02:00", "2026-11-22T10:30:00Z"),
        ("2026-11-22T10:00:00", "2026-11-22T10:30:00.5Z"),
        ("unknown", "2026-11-22T10:30:00Z"),
        ("", "2026-11-22T10:30:00Z"),
    ],
)
def test_times_are_compared_as_times(store: RunStore, first: str, second: str) -> None:
    for run_id, at in (("a", second), ("b", first)):
        made = store.create(replace(card(run_id), created_at=at), ASKED)
        (store.folder(run_id) / "run.json").write_text(
            json.dumps({**read(store.folder(made.run_id) / "run.json"), "after": ""})
        )
    assert names(store) == ["b", "a"]


@pytest.mark.parametrize(
    "text", ["", "[]", "{", "[" * 100_000, '{"created_at": 7, "after": [], "run_id": {}}', "\x00"]
)
def test_a_card_that_cannot_be_read_leaves_what_the_folders_name_says(
    store: RunStore, text: str
) -> None:
    old, damaged = make(store, "2026-11-22T10:00:00Z"), make(store, "2026-11-23T10:00:00Z")
    (store.folder(damaged) / "run.json").write_text(text)
    last = make(store, "2026-11-24T10:00:00Z")
    assert names(store) == [old, damaged, last]


def test_cards_that_name_each_other_as_earlier_are_still_told_apart(store: RunStore) -> None:
    made = [make(store, f"2026-11-2{day}T10:00:00Z") for day in (1, 2, 3)]
    tokens = [read(store.folder(run_id) / "run.json")["after"] for run_id in made[1:]]
    path = store.folder(made[0]) / "run.json"
    path.write_text(json.dumps({**read(path), "after": tokens[1]}))
    assert sorted(names(store)) == made
    assert read(path)["after"] not in made, "a card names no other run"


def test_a_thousand_runs_with_ever_earlier_clocks_are_in_order(store: RunStore) -> None:
    made = []
    before = ""
    for number in range(1000):
        run_id = f"r{9999 - number}"
        folder = store.folder(run_id)
        folder.mkdir(parents=True)
        facts = {"run_id": run_id, "created_at": f"{2999 - number}-01-01T00:00:00Z"}
        (folder / "run.json").write_text(json.dumps({**facts, "after": before}))
        before = token_of(run_id)
        made.append(run_id)
    assert names(store) == made


def token_of(run_id: str) -> str:
    return hashlib.sha256(run_id.encode()).hexdigest()[:16]
