"""What a manifest is, and what it may never hold."""

from __future__ import annotations

import hashlib
import random
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.values.snapshot import Entry, Kind, Scan, Snapshot

NAMES = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="/\0"), min_size=1)
PATHS = st.lists(NAMES.filter(lambda name: name not in (".", "..")), min_size=1, max_size=4).map(
    "/".join
)
DIGESTS = st.binary(max_size=4).map(lambda data: hashlib.sha256(data).hexdigest())
ENTRIES = st.builds(
    Entry,
    path=PATHS,
    kind=st.sampled_from([Kind.FILE, Kind.PROGRAM]),
    size_bytes=st.integers(0, 1 << 40),
    content=DIGESTS,
)


def _file(path: str, content: str = "0" * 64) -> Entry:
    return Entry(path, Kind.FILE, 1, content)


def _stands_together(entries: list[Entry]) -> bool:
    paths = {entry.path for entry in entries}
    return not any(one != other and one.startswith(other + "/") for one in paths for other in paths)


TREES = st.lists(ENTRIES, max_size=8, unique_by=lambda entry: entry.path).filter(_stands_together)


@given(TREES)
def test_a_manifest_reads_back_as_the_same_snapshot(entries: list[Entry]) -> None:
    snapshot = Snapshot.of(entries)
    again = Snapshot.from_manifest(snapshot.manifest)
    assert again == snapshot
    assert again.digest == snapshot.digest


@given(TREES, st.randoms())
def test_the_digest_does_not_depend_on_the_order_of_the_files(
    entries: list[Entry], dice: random.Random
) -> None:
    shuffled = list(entries)
    dice.shuffle(shuffled)
    assert Snapshot.of(shuffled).digest == Snapshot.of(entries).digest


@given(TREES.filter(bool))
def test_any_change_of_a_file_changes_the_digest(entries: list[Entry]) -> None:
    first, *rest = entries
    other_kind = Kind.FILE if first.kind is Kind.PROGRAM else Kind.PROGRAM
    changes = [
        Entry(first.path + "~", first.kind, first.size_bytes, first.content),
        Entry(first.path, other_kind, first.size_bytes, first.content),
        Entry(first.path, first.kind, first.size_bytes, "f" * 64),
    ]
    digest = Snapshot.of(entries).digest
    assert all(
        Snapshot.of([change, *rest]).digest != digest
        for change in changes
        if _stands_together([change, *rest])
    )
    assert Snapshot.of(rest).digest != digest


@pytest.mark.parametrize(
    "path", ["", "/etc/passwd", "../up", "a/../../b", "a//b", "a/", "./a", "a/.", "a\0b"]
)
def test_a_path_that_could_leave_the_snapshot_is_refused(path: str) -> None:
    with pytest.raises(ValueError, match="not a path inside the snapshot"):
        _file(path)


@pytest.mark.parametrize(
    ("path", "target"),
    [
        ("link", "/etc/passwd"),
        ("link", ".."),
        ("a/link", "../../x"),
        ("a/link", "b/../../../x"),
        ("a/link", "other_link/../x"),
        ("link", "./../x"),
    ],
)
def test_a_link_that_could_leave_the_snapshot_is_refused(path: str, target: str) -> None:
    with pytest.raises(ValueError, match="leads out of the snapshot"):
        Entry(path, Kind.LINK, 0, target)


@pytest.mark.parametrize(
    ("path", "target"),
    [("a/link", "../b"), ("link", "a/b"), ("a/b/link", "./../../c/d"), ("a/link", "..")],
)
def test_a_link_that_stays_inside_is_welcome(path: str, target: str) -> None:
    assert Entry(path, Kind.LINK, 0, target).content == target


def test_a_path_cannot_be_both_a_file_and_a_folder() -> None:
    with pytest.raises(ValueError, match="'a/b' is both a file and a folder"):
        Snapshot.of([_file("a/b"), _file("a/b/c")])


def test_one_path_cannot_be_there_twice() -> None:
    with pytest.raises(ValueError, match="differ"):
        Snapshot.of([_file("a"), _file("a")])


def test_the_digest_of_a_known_tree_never_changes() -> None:
    """Every host stores trees under this name: another formula would upload all of them again."""
    snapshot = Snapshot.of([_file("csrc/café.cu"), Entry("csrc/link", Kind.LINK, 0, "café.cu")])
    assert snapshot.manifest == (
        '[["csrc/caf\\u00e9.cu","f",1,"' + "0" * 64 + '"],["csrc/link","l",0,"caf\\u00e9.cu"]]'
    )
    assert snapshot.digest == hashlib.sha256(snapshot.manifest.encode()).hexdigest()


def test_a_file_from_outside_the_root_is_found_where_it_is() -> None:
    inside, outside = _file("csrc/a.cu"), _file("providers/mine.py")
    scan = Scan(
        Path("/root"),
        Snapshot.of([inside, outside]),
        outside={"providers/mine.py": Path("/home/me/mine.py")},
    )
    assert scan.local(inside) == Path("/root/csrc/a.cu")
    assert scan.local(outside) == Path("/home/me/mine.py")
